import { List, PasswordInput, Text } from "@mantine/core";
import { useState } from "react";
import { useSession } from "../../shared/context";
import { FormDialog } from "../../shared/FormDialog";

interface Props {
  onDeleted: () => void;
  onClose: () => void;
}

/** Ends one's account, once one's password says that one means it. */
export function DeleteAccount({ onDeleted, onClose }: Props) {
  const { people } = useSession();
  const [password, setPassword] = useState("");

  async function erase() {
    await people.eraseMe(password);
    onDeleted();
    return undefined;
  }

  return (
    <FormDialog
      title="Delete your account?"
      action="Delete my account"
      color="red"
      disabled={password === ""}
      onSubmit={erase}
      onClose={onClose}
    >
      <Text size="sm">This cannot be taken back.</Text>
      <List size="sm" spacing={4} withPadding>
        <List.Item>You leave all rooms and workspaces, and are signed out on every device.</List.Item>
        <List.Item>What you wrote stays there, under the name “Deleted user”.</List.Item>
        <List.Item>
          Your name, address, files, friends, blocks, notifications and scheduled messages are deleted.
        </List.Item>
      </List>
      <PasswordInput
        label="Your password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ "aria-label": "Show or hide what you type", tabIndex: 0 }}
        autoComplete="current-password"
        required
        withAsterisk={false}
        data-autofocus
      />
    </FormDialog>
  );
}
