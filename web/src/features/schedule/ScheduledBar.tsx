import { Button } from "@mantine/core";
import { useState } from "react";
import { useChat } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { ScheduledDialog } from "./ScheduledDialog";

/** How many of the person's messages wait for their time in this room; not there where none does. */
export function ScheduledBar({ room }: { room: string }) {
  const [opened, setOpened] = useState(false);
  const count = useChat((state) => state.scheduled.filter((each) => each.room === room).length);
  const refused = useChat((state) =>
    state.scheduled.some((each) => each.room === room && each.state === "refused"),
  );
  return (
    <>
      {count > 0 && (
        <Button
          variant="subtle"
          size="compact-sm"
          color={refused ? "red" : undefined}
          leftSection={<Icon name={refused ? "warning" : "clock"} size={15} />}
          onClick={() => setOpened(true)}
        >
          {count} scheduled {count === 1 ? "message" : "messages"}
        </Button>
      )}
      {opened && <ScheduledDialog room={room} onClose={() => setOpened(false)} />}
    </>
  );
}
