import { Box, Group, Text, UnstyledButton } from "@mantine/core";
import type { Notification } from "../../api/notifications";
import { friendTitle, INVITED, title } from "../../session/attention";
import { useChat } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { briefTime } from "../../shared/time";
import classes from "./notifications.module.css";

interface Props {
  item: Notification;
  room: string | undefined;
  onOpen: () => void;
}

const ICONS = {
  mention: "speech",
  direct: "speech",
  invite: "invite",
  workspace_invite: "building",
  friend_request: "people",
  friend_accepted: "people",
} as const;

/** One notification: who did what, where and when. */
export function NotificationRow({ item, room, onOpen }: Props) {
  const name = useChat((state) => state.names[item.sender]) ?? "Someone";
  return (
    <UnstyledButton
      className={classes.row}
      data-unread={!item.read || undefined}
      data-notification={item.id}
      onClick={onOpen}
    >
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <Icon name={ICONS[item.kind]} />
        <Box flex={1} miw={0}>
          <Text size="sm" fw={item.read ? undefined : 650}>
            <bdi>{plain(wording(item, name, room ?? "a room"))}</bdi>
          </Text>
          {item.text !== null && (
            <Text size="sm" c="dimmed" lineClamp={2}>
              <bdi>{plain(item.text)}</bdi>
            </Text>
          )}
          <Text size="xs" c="dimmed">
            {briefTime(Date.parse(item.ts))}
          </Text>
        </Box>
        {!item.read && <Box className={classes.dot} role="img" aria-label="Unread" />}
      </Group>
    </UnstyledButton>
  );
}

function wording({ kind }: Notification, name: string, room: string): string {
  switch (kind) {
    case "workspace_invite":
      return `${name} invited you to a workspace. ${INVITED}`;
    case "friend_request":
    case "friend_accepted":
      return friendTitle(kind, name);
    default:
      return title(kind, name, room);
  }
}
