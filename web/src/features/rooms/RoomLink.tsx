import { Badge, NavLink, Text } from "@mantine/core";
import { Icon, ROOM_ICONS } from "../../shared/icons";
import { roomHref } from "../../shared/router";
import { plain } from "../../shared/plain";
import type { Room } from "../../state/rooms";

interface Props {
  room: Room;
  active: boolean;
  unread?: number;
  /** How many of the unread messages mention the person. */
  mentions?: number;
  muted?: boolean;
  /** A second line, for rooms that one is not in. */
  detail?: string;
  onClick: () => void;
}

/** A room in a list, as a link to it. */
export function RoomLink({ room, active, unread = 0, mentions = 0, muted = false, detail, onClick }: Props) {
  return (
    <NavLink
      href={roomHref(room.id)}
      active={active}
      aria-current={active ? "page" : undefined}
      onClick={onClick}
      data-room-id={room.id}
      data-unread={unread}
      data-mentions={mentions}
      leftSection={<Icon name={muted ? "quiet" : ROOM_ICONS[room.kind]} size={16} />}
      label={
        <Text component="bdi" size="sm" truncate fw={unread > 0 ? 650 : undefined} display="block">
          {plain(room.name)}
        </Text>
      }
      description={detail}
      opacity={muted ? 0.6 : undefined}
      data-muted={muted || undefined}
      rightSection={
        unread > 0 ? (
          <Badge
            size="sm"
            circle={unread < 10 && mentions === 0}
            color={muted ? "gray" : mentions > 0 ? "red" : undefined}
            aria-label={mentions > 0 ? `${unread} unread, ${mentions} of them for you` : `${unread} unread`}
          >
            {mentions > 0 && "@ "}
            {unread > 99 ? "99+" : unread}
          </Badge>
        ) : undefined
      }
      style={{ borderRadius: "var(--mantine-radius-md)" }}
      py={6}
    />
  );
}
