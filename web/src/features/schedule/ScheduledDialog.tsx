import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { explain } from "../../session/explain";
import { useChat, useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { plain } from "../../shared/plain";
import { fullTime } from "../../shared/time";
import type { Scheduled } from "../../state/scheduled";
import { ChangeDialog } from "./ChangeDialog";
import { FileNames } from "./FileNames";

/** The person's messages that wait for their time in a room, or could not be sent. */
export function ScheduledDialog({ room, onClose }: { room: string; onClose: () => void }) {
  const session = useSession();
  const all = useChat((state) => state.scheduled);
  const items = useMemo(() => all.filter((each) => each.room === room), [all, room]);
  const [changing, setChanging] = useState<Scheduled | null>(null);
  const [error, setError] = useState<string | null>(null);

  function cancel(id: string) {
    setError(null);
    session.scheduled.cancel(id).catch((failure: unknown) => setError(explain(failure)));
  }

  if (changing !== null) return <ChangeDialog message={changing} onClose={() => setChanging(null)} />;
  return (
    <Modal opened onClose={onClose} title="Scheduled messages" centered>
      <Failure text={error} mb="sm" />
      {items.length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing is scheduled here.
        </Text>
      )}
      <Stack component="ul" gap="md" m={0} p={0} style={{ listStyle: "none" }}>
        {items.map((each) => (
          <li key={each.id} data-scheduled={each.id} data-state={each.state}>
            <Text size="xs" c={each.state === "refused" ? "red" : "dimmed"}>
              {told(each)}
            </Text>
            <Text size="sm" dir="auto" lineClamp={4} style={{ overflowWrap: "anywhere" }}>
              {plain(each.text)}
            </Text>
            <FileNames files={each.attachments} />
            <Group justify="flex-end" gap={4}>
              {each.state === "waiting" && (
                <Button size="compact-xs" variant="light" onClick={() => setChanging(each)}>
                  Change
                </Button>
              )}
              {each.state !== "sending" && (
                <Button size="compact-xs" variant="subtle" color="red" onClick={() => cancel(each.id)}>
                  {each.state === "refused" ? "Dismiss" : "Cancel it"}
                </Button>
              )}
            </Group>
          </li>
        ))}
      </Stack>
    </Modal>
  );
}

function told({ state, send_at, reason }: Scheduled): string {
  if (state === "refused") return `Not sent: ${reason}`;
  return state === "sending" ? "Being sent" : fullTime(Date.parse(send_at));
}
