import { Button, Group, Loader, Modal, Stack, Text } from "@mantine/core";
import { useCallback } from "react";
import { useChat, useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { plain } from "../../shared/plain";
import { go, roomHref } from "../../shared/router";
import { fullTime } from "../../shared/time";
import { useLoaded } from "../../shared/useLoaded";
import { UserName } from "../../shared/UserName";
import { mayWrite } from "../../state/members";
import type { Room } from "../../state/rooms";
import { fromApi, wordsOf } from "../../state/timeline";

const NONE: readonly string[] = [];

/** The messages that a room keeps in view. */
export function PinsDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const session = useSession();
  const pinned = useChat((state) => state.pins[room.id]) ?? NONE;
  const fetch = useCallback(() => session.pins.load(room.id), [session, room.id]);
  const { found: page, error } = useLoaded(fetch, pinned.join());

  const items = page?.items.filter((item) => pinned.includes(item.message.id)) ?? [];
  return (
    <Modal opened onClose={onClose} title="Pinned messages" centered>
      <Failure text={error} />
      {page === null && error === null && <Loader size="sm" />}
      {page !== null && items.length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing is pinned. Choose “Pin” from the menu of a message that should stay in view.
        </Text>
      )}
      <Stack component="ul" gap="md" m={0} p={0} style={{ listStyle: "none" }}>
        {items.map(({ message, by, ts }) => (
          <li key={message.id} data-pinned={message.id}>
            <Text size="sm" fw={600}>
              <UserName user={message.sender} />
            </Text>
            <Text size="sm" dir="auto" lineClamp={4} style={{ overflowWrap: "anywhere" }}>
              {typeof message.text === "string" ? plain(wordsOf(fromApi(message))) : "(sealed)"}
            </Text>
            <Group justify="space-between" gap="xs">
              <Text size="xs" c="dimmed">
                Pinned by <UserName user={by} />, {fullTime(Date.parse(ts))}
              </Text>
              <Group gap={4}>
                {mayWrite(room) && (
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    color="gray"
                    onClick={() => void session.pins.unpin(room.id, message.id)}
                  >
                    Unpin
                  </Button>
                )}
                <Button
                  size="compact-xs"
                  variant="light"
                  onClick={() => (go(roomHref(room.id, message.id)), onClose())}
                >
                  Show
                </Button>
              </Group>
            </Group>
          </li>
        ))}
      </Stack>
    </Modal>
  );
}
