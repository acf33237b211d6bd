import { ActionIcon, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useCallback, useState } from "react";
import type { FormEvent } from "react";
import type { Hook, HookToken } from "../../api/integrations";
import { useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { UserName } from "../../shared/UserName";
import { Secret } from "./Secret";
import { useAttempts } from "./useAttempts";

/** Addresses by which other systems post into the room. */
export function IncomingHooks({ room }: { room: string }) {
  const { integrations } = useSession();
  const load = useCallback(() => integrations.hooks(room), [integrations, room]);
  const { found, busy, error, attempt } = useAttempts(load);
  const [name, setName] = useState("");
  const [made, setMade] = useState<HookToken | null>(null);
  const show = async (token: Promise<HookToken>) => setMade(await token);

  function make(event: FormEvent) {
    event.preventDefault();
    void attempt(async () => {
      await show(integrations.makeHook(room, name.trim()));
      setName("");
    });
  }

  return (
    <Stack gap="sm">
      <form onSubmit={make}>
        <Stack gap="xs">
          <TextInput
            label="Name of the new hook"
            description="Its messages show it as their sender."
            placeholder="CI"
            maxLength={80}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" loading={busy} disabled={name.trim() === ""}>
            Create hook
          </Button>
        </Stack>
      </form>
      {made !== null && (
        <Secret key={made.path} label="Address that posts here" value={location.origin + made.path} />
      )}
      <Failure text={error} />
      {found?.map((hook) => (
        <HookLine
          key={hook.id}
          hook={hook}
          onRotate={() => void attempt(() => show(integrations.rotateHook(room, hook.id)))}
          onRevoke={() => void attempt(() => integrations.revokeHook(room, hook.id))}
        />
      ))}
      {found?.length === 0 && (
        <Text size="sm" c="dimmed">
          No other system posts here yet.
        </Text>
      )}
    </Stack>
  );
}

interface LineProps {
  hook: Hook;
  onRotate: () => void;
  onRevoke: () => void;
}

function HookLine({ hook, onRotate, onRevoke }: LineProps) {
  const name = plain(hook.name);
  const since = new Date(hook.created_at).toLocaleDateString(undefined, { dateStyle: "medium" });
  return (
    <Group gap="xs" wrap="nowrap" justify="space-between" data-hook-id={hook.id}>
      <Text size="sm" truncate>
        <bdi>{name}</bdi>{" "}
        <Text span c="dimmed" size="xs">
          by <UserName user={hook.created_by} />, {since}
        </Text>
      </Text>
      <Group gap={4} wrap="nowrap">
        <Button size="compact-xs" variant="light" onClick={onRotate} title="The address before ends">
          New address
        </Button>
        <ActionIcon variant="subtle" color="red" aria-label={`End hook ${name}`} onClick={onRevoke}>
          <Icon name="close" size={16} />
        </ActionIcon>
      </Group>
    </Group>
  );
}
