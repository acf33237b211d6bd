import { Loader, Modal, Table } from "@mantine/core";
import { useCallback } from "react";
import type { RoomStats } from "../../api/chat";
import { useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { fullTime } from "../../shared/time";
import { useLoaded } from "../../shared/useLoaded";
import type { Room } from "../../state/rooms";

const NUMBER = new Intl.NumberFormat();

/** How lively a room is. */
export function StatsDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const session = useSession();
  const fetch = useCallback(() => session.rooms.stats(room.id), [session, room.id]);
  const { found: stats, error } = useLoaded(fetch);

  return (
    <Modal opened onClose={onClose} title="Statistics" size="sm" centered>
      <Failure text={error} />
      {stats === null && error === null && <Loader size="sm" />}
      {stats !== null && (
        <Table variant="vertical" withRowBorders={false}>
          <Table.Tbody>
            {rows(stats).map(([name, value]) => (
              <Table.Tr key={name}>
                <Table.Th>{name}</Table.Th>
                <Table.Td>{value}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Modal>
  );
}

function rows(stats: RoomStats): [string, string][] {
  return [
    ["Messages", NUMBER.format(stats.messages - stats.deleted)],
    ["Deleted", NUMBER.format(stats.deleted)],
    ["In the last day", NUMBER.format(stats.messages_last_day)],
    ["In the last week", NUMBER.format(stats.messages_last_week)],
    ["Who wrote in the last week", NUMBER.format(stats.senders_last_week)],
    ["Members", NUMBER.format(stats.members)],
    ["Began", fullTime(Date.parse(stats.created_at))],
    ["Last change", fullTime(Date.parse(stats.last_event_at))],
  ];
}
