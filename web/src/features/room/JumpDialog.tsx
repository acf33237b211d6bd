import { TextInput } from "@mantine/core";
import { useState } from "react";
import { useSession } from "../../shared/context";
import { FormDialog } from "../../shared/FormDialog";
import { go, roomHref } from "../../shared/router";
import { dayStart } from "../../shared/time";
import type { Room } from "../../state/rooms";

/** Goes to what was said in a room on a day, or next after it. */
export function JumpDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const session = useSession();
  const [day, setDay] = useState("");
  const start = dayStart(day);

  async function jump() {
    if (start === null) return "Choose a day.";
    const message = await session.firstSince(room.id, start);
    if (message === null) return "Nothing was said on that day or later.";
    onClose();
    go(roomHref(room.id, message));
    return undefined;
  }

  return (
    <FormDialog
      title="Jump to a day"
      size="sm"
      action="Jump"
      disabled={start === null}
      onSubmit={jump}
      onClose={onClose}
    >
      <TextInput
        label="Day"
        type="date"
        value={day}
        onChange={(event) => setDay(event.currentTarget.value)}
        required
        withAsterisk={false}
        data-autofocus
      />
    </FormDialog>
  );
}
