import { Textarea } from "@mantine/core";
import { useState } from "react";
import { useSession } from "../../shared/context";
import { FormDialog } from "../../shared/FormDialog";
import { asField, fromField } from "../../shared/schedule";
import type { Scheduled } from "../../state/scheduled";
import { WhenField } from "./WhenField";

/** Changes text and time of a message that waits. */
export function ChangeDialog({ message, onClose }: { message: Scheduled; onClose: () => void }) {
  const session = useSession();
  const [text, setText] = useState(message.text);
  const [when, setWhen] = useState(() => asField(new Date(message.send_at)));
  const at = fromField(when);

  async function save() {
    if (at === null) return "Choose a time.";
    await session.scheduled.change(message.id, text, at.toISOString());
    onClose();
    return undefined;
  }

  return (
    <FormDialog
      title="Change the scheduled message"
      size="sm"
      action="Save"
      disabled={at === null || (text.trim() === "" && message.attachments.length === 0)}
      onSubmit={save}
      onClose={onClose}
    >
      <Textarea
        label="Text"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        autosize
        minRows={2}
        maxRows={8}
        dir="auto"
      />
      <WhenField value={when} onChange={setWhen} />
    </FormDialog>
  );
}
