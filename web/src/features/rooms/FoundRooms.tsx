import { Button, Loader, Stack, Text } from "@mantine/core";
import type { Room } from "../../state/rooms";
import { RoomLink } from "./RoomLink";
import { useRoomSearch } from "./useRoomSearch";

interface Props {
  query: string;
  openRoom: string | null;
  onNavigate: () => void;
}

export function FoundRooms({ query, openRoom, onNavigate }: Props) {
  const { found, more } = useRoomSearch(query);

  if (found.state === "loading") return <Loader size="sm" m="md" aria-label="Searching" />;
  return (
    <Stack gap={2}>
      {found.rooms.map((room) => (
        <RoomLink
          key={room.id}
          room={room}
          active={room.id === openRoom}
          detail={describe(room)}
          onClick={onNavigate}
        />
      ))}
      {found.state === "ready" && found.rooms.length === 0 && (
        <Text size="sm" c="dimmed" p="sm">
          No room has such a name. Try another word, or create the room.
        </Text>
      )}
      {found.error !== null && (
        <Text size="sm" c="red" p="sm" role="alert">
          {found.error}
        </Text>
      )}
      {(found.next !== null || found.state === "failed") && (
        <Button variant="subtle" size="xs" onClick={more}>
          {found.state === "failed" ? "Try again" : "Show more"}
        </Button>
      )}
    </Stack>
  );
}

function describe(room: Room): string {
  const people = `${room.members} ${room.members === 1 ? "member" : "members"}`;
  return room.is_member ? `${people}, you are in it` : people;
}
