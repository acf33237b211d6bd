import { Alert, Button, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { explain } from "../../session/explain";
import { useSession } from "../../shared/context";
import { plain } from "../../shared/plain";
import type { Room } from "../../state/rooms";

/** Shown instead of the history to those who are not in the room. */
export function JoinPanel({ room }: { room: Room }) {
  const session = useSession();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function join() {
    setBusy(true);
    setError(null);
    try {
      await session.join(room.id);
    } catch (failure) {
      setError(explain(failure));
      setBusy(false);
    }
  }

  return (
    <Stack align="center" justify="center" flex={1} p="xl" gap="xs">
      <Title order={2} size="h3" ta="center">
        <bdi>{plain(room.name)}</bdi>
      </Title>
      {room.topic && (
        <Text ta="center" maw={420}>
          <bdi>{plain(room.topic)}</bdi>
        </Text>
      )}
      <Text c="dimmed" ta="center">
        {room.members === 1 ? "One person is" : `${room.members} people are`} in this room. Join to read and
        write.
      </Text>
      <Button mt="sm" size="md" loading={busy} onClick={() => void join()}>
        Join
      </Button>
      {error !== null && (
        <Alert color="red" variant="light" role="alert" mt="sm">
          {error}
        </Alert>
      )}
    </Stack>
  );
}
