import { ActionIcon, Button, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import type { WorkspaceRole } from "@roomlog/client";
import { useCallback, useEffect, useState } from "react";
import type { FormEvent } from "react";
import type { Invite } from "../../api/workspaces";
import { explain } from "../../session/explain";
import { copyText } from "../../shared/clipboard";
import { useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { Icon } from "../../shared/icons";
import { inviteHref } from "../../shared/router";
import { invitableRoles } from "../../state/workspaces";
import type { Workspace } from "../../state/workspaces";
import classes from "./workspaces.module.css";

/** Make an invite and copy its link; see which are open, and end them. */
export function Invites({ workspace }: { workspace: Workspace }) {
  const { workspaces } = useSession();
  const roles = invitableRoles(workspace.role);
  const [role, setRole] = useState<WorkspaceRole>("member");
  const [email, setEmail] = useState("");
  const [link, setLink] = useState<string | null>(null);
  const [open, setOpen] = useState<Invite[]>([]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const load = useCallback(
    (cursor: string | null) => workspaces.invites(workspace.id, cursor).then(setOpen),
    [workspaces, workspace.id],
  );
  useEffect(() => void load(null).catch((failure: unknown) => setError(explain(failure))), [load]);

  async function attempt(work: () => Promise<string | null>) {
    setBusy(true);
    setError(null);
    try {
      await load(await work());
    } catch (failure) {
      setError(explain(failure));
    }
    setBusy(false);
  }

  function make(event: FormEvent) {
    event.preventDefault();
    void attempt(async () => {
      const made = await workspaces.invite(workspace.id, role, email.trim());
      setLink(location.origin + location.pathname + inviteHref(made.token));
      setEmail("");
      return made.cursor;
    });
  }

  return (
    <Stack gap="sm">
      <form onSubmit={make}>
        <Stack gap="xs">
          <NativeSelect
            label="They come as"
            value={role}
            onChange={(event) => setRole(event.currentTarget.value as WorkspaceRole)}
            data={roles}
          />
          <TextInput
            type="email"
            label="Only for this address (if you like)"
            description="Left empty, whoever has the link may come in."
            placeholder="ada@example.org"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <Button type="submit" loading={busy} leftSection={<Icon name="link" />}>
            Create link
          </Button>
        </Stack>
      </form>
      {link !== null && <MadeLink link={link} />}
      <Failure text={error} />
      {open.length > 0 && (
        <div>
          <Text size="xs" c="dimmed" tt="uppercase" fw={600}>
            Open invites
          </Text>
          {open.map((each) => (
            <OpenInvite
              key={each.id}
              invite={each}
              onRevoke={() => void attempt(() => workspaces.revoke(workspace.id, each.id))}
            />
          ))}
        </div>
      )}
    </Stack>
  );
}

function MadeLink({ link }: { link: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <Group gap="xs" wrap="nowrap" align="end">
      <TextInput
        label="Pass this link on"
        description="It is shown this once, and is good for a week."
        value={link}
        readOnly
        flex={1}
        classNames={{ input: classes.link }}
        onFocus={(event) => event.currentTarget.select()}
      />
      <Button
        variant="light"
        leftSection={<Icon name={copied ? "check" : "copy"} size={16} />}
        onClick={() => void copyText(link).then(setCopied)}
      >
        {copied ? "Copied" : "Copy"}
      </Button>
    </Group>
  );
}

function OpenInvite({ invite, onRevoke }: { invite: Invite; onRevoke: () => void }) {
  const until = new Date(invite.expires_at).toLocaleDateString(undefined, { dateStyle: "medium" });
  return (
    <Group gap="xs" wrap="nowrap" justify="space-between" py={4}>
      <Text size="sm" truncate>
        {invite.role}: <bdi>{invite.email ?? "whoever has the link"}</bdi>, until {until}
      </Text>
      <ActionIcon variant="subtle" color="red" aria-label="End this invite" title="End" onClick={onRevoke}>
        <Icon name="close" size={16} />
      </ActionIcon>
    </Group>
  );
}
