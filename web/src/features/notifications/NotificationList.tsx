import { Button, Drawer, Group, SegmentedControl, Skeleton, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { Notification } from "../../api/notifications";
import { useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { go, roomHref } from "../../shared/router";
import { FriendsDialog } from "../people/FriendsDialog";
import { NotificationRow } from "./NotificationRow";
import { useNotifications } from "./useNotifications";

/** Above the messages that come over the page: the same stands in the list. */
const ABOVE_TOASTS = 400;

/** What concerned the person, the newest first. */
export function NotificationList({ onClose }: { onClose: () => void }) {
  const [which, setWhich] = useState("all");
  const [friends, setFriends] = useState(false);
  if (friends) return <FriendsDialog onClose={onClose} />;
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={420}
      zIndex={ABOVE_TOASTS}
      padding={0}
      title={
        <Text fw={650} px="md">
          Notifications
        </Text>
      }
      closeButtonProps={{ "aria-label": "Close notifications", mr: "md" }}
    >
      <Items
        key={which}
        unreadOnly={which === "unread"}
        which={which}
        onWhich={setWhich}
        onFriends={() => setFriends(true)}
        onClose={onClose}
      />
    </Drawer>
  );
}

interface Props {
  unreadOnly: boolean;
  which: string;
  onWhich: (which: string) => void;
  onFriends: () => void;
  onClose: () => void;
}

function Items({ unreadOnly, which, onWhich, onFriends, onClose }: Props) {
  const { notifications } = useSession();
  const { listed, more, again } = useNotifications(unreadOnly);
  const [busy, setBusy] = useState(false);
  const newest = listed.items[0];

  function open(item: Notification) {
    if (!item.read) void notifications.read({ events: [item.id] }).catch(() => undefined);
    if (item.kind === "friend_request" || item.kind === "friend_accepted") onFriends();
    if (item.room === null) return;
    onClose();
    go(item.kind === "invite" ? roomHref(item.room) : roomHref(item.room, item.id));
  }

  async function readAll(place: string) {
    setBusy(true);
    await notifications.read({ up_to: place }).catch(() => undefined);
    setBusy(false);
    again();
  }

  return (
    <>
      <Group justify="space-between" px="md" pb="sm" wrap="nowrap">
        <SegmentedControl
          size="xs"
          value={which}
          onChange={onWhich}
          data={[
            { value: "all", label: "All" },
            { value: "unread", label: "Unread" },
          ]}
        />
        <Button
          size="compact-sm"
          variant="subtle"
          loading={busy}
          disabled={newest === undefined}
          onClick={() => newest && void readAll(newest.place)}
        >
          Mark all as read
        </Button>
      </Group>
      <Failure text={listed.error} m="md" />
      <Stack gap={0} aria-busy={!listed.loaded}>
        {!listed.loaded && <Skeleton height={60} m="md" w="auto" />}
        {listed.items.map((item) => (
          <NotificationRow
            key={item.id}
            item={item}
            room={item.room === null ? undefined : listed.rooms[item.room]?.name}
            onOpen={() => open(item)}
          />
        ))}
      </Stack>
      {listed.loaded && listed.items.length === 0 && listed.error === null && (
        <Text c="dimmed" size="sm" ta="center" p="xl">
          {unreadOnly
            ? "Nothing is unread."
            : "Mentions, direct messages, invitations and requests come here."}
        </Text>
      )}
      {listed.next !== null && (
        <Button variant="subtle" fullWidth my="sm" onClick={more}>
          Show older ones
        </Button>
      )}
    </>
  );
}
