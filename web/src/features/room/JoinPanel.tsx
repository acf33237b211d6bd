import { Button, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { explain } from "../../session/explain";
import { useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { plain } from "../../shared/plain";
import { HOME } from "../../shared/router";
import type { Room } from "../../state/rooms";

/** Shown instead of the history to those who are not in the room. */
export function JoinPanel({ room }: { room: Room }) {
  if (room.kind !== "public") return <ClosedPanel room={room} />;
  return <OpenPanel room={room} />;
}

/** Of a room that is not public, somebody was a member until now. */
function ClosedPanel({ room }: { room: Room }) {
  return (
    <Stack align="center" justify="center" flex={1} p="xl" gap="xs" role="status">
      <Title order={2} size="h3" ta="center">
        You are no longer in <bdi>{plain(room.name)}</bdi>
      </Title>
      <Text c="dimmed" ta="center">
        Only its owners and moderators can bring you back.
      </Text>
      <Button component="a" href={HOME} variant="default" mt="sm">
        Go to your rooms
      </Button>
    </Stack>
  );
}

function OpenPanel({ room }: { room: Room }) {
  const session = useSession();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function join() {
    setBusy(true);
    setError(null);
    try {
      await session.rooms.join(room.id);
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
      <Failure text={error} mt="sm" />
    </Stack>
  );
}
