import { TextInput } from "@mantine/core";
import { useState } from "react";
import { useSession } from "../../shared/context";
import { FormDialog } from "../../shared/FormDialog";
import { go, HOME } from "../../shared/router";
import { slugOf } from "../../state/workspaces";

const LONGEST_NAME = 80;
const LONGEST_SLUG = 40;

/** Make a workspace: a name, and a short one for addresses, which follows the name until it is changed. */
export function CreateWorkspace({ onClose }: { onClose: () => void }) {
  const { workspaces } = useSession();
  const [name, setName] = useState("");
  const [own, setOwn] = useState<string | null>(null);
  const slug = own ?? slugOf(name);

  async function create() {
    await workspaces.create(name.trim(), slug);
    go(HOME);
    onClose();
    return undefined;
  }

  return (
    <FormDialog
      title="New workspace"
      action="Create workspace"
      disabled={name.trim() === "" || slug.length < 2}
      withCancel={false}
      onSubmit={create}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        description="Of your company, club or family."
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={LONGEST_NAME}
        required
        withAsterisk={false}
        data-autofocus
      />
      <TextInput
        label="Short name"
        description="For addresses: a–z, 0–9 and hyphens. It stays."
        value={slug}
        onChange={(event) => setOwn(event.currentTarget.value)}
        maxLength={LONGEST_SLUG}
        pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])"
        required
        withAsterisk={false}
      />
    </FormDialog>
  );
}
