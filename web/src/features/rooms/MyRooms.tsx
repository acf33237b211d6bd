import { Skeleton, Stack, Text } from "@mantine/core";
import { useMemo } from "react";
import { useChat } from "../../shared/context";
import { sortedRooms } from "../../state/rooms";
import { RoomLink } from "./RoomLink";

interface Props {
  openRoom: string | null;
  onNavigate: () => void;
}

export function MyRooms({ openRoom, onNavigate }: Props) {
  const rooms = useChat((state) => state.rooms);
  const activity = useChat((state) => state.activity);
  const mutes = useChat((state) => state.mutes);
  const loaded = useChat((state) => state.roomsLoaded);
  const workspace = useChat((state) => state.workspace);
  const mine = useMemo(() => sortedRooms(rooms, workspace), [rooms, workspace]);

  if (mine.length === 0) return loaded ? <NoRooms /> : <Loading />;
  return (
    <Stack gap={2} component="nav" aria-label="Your rooms">
      {mine.map((room) => (
        <RoomLink
          key={room.id}
          room={room}
          active={room.id === openRoom}
          unread={activity[room.id]?.unread}
          mentions={activity[room.id]?.mentions}
          muted={room.id in mutes}
          onClick={onNavigate}
        />
      ))}
    </Stack>
  );
}

function NoRooms() {
  return (
    <Text size="sm" c="dimmed" p="sm">
      You are in no room yet. Press “Browse all” to find one, or the plus sign to make one.
    </Text>
  );
}

function Loading() {
  return (
    <Stack gap="xs" p="xs" aria-busy="true">
      {[70, 55, 80].map((width) => (
        <Skeleton key={width} height={18} width={`${width}%`} />
      ))}
    </Stack>
  );
}
