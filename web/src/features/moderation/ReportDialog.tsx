import { Text, Textarea } from "@mantine/core";
import { newKey } from "@roomlog/client";
import { useState } from "react";
import { useSession } from "../../shared/context";
import { FormDialog } from "../../shared/FormDialog";
import { plain } from "../../shared/plain";
import type { MessageItem } from "../../state/timeline";

const LONGEST = 500;
const SHOWN = 200;

/** Tell the moderators of a message, and why. */
export function ReportDialog({ message, onClose }: { message: MessageItem; onClose: () => void }) {
  const { moderation, store } = useSession();
  const [reason, setReason] = useState("");
  const text = plain(message.text);

  async function report() {
    await moderation.report(message.id, reason.trim());
    const title = "The moderators of this room will see your report";
    store.dispatch({ type: "toast", toast: { id: newKey(), tone: "info", title, text: "", room: null } });
    onClose();
    return undefined;
  }

  return (
    <FormDialog
      title="Report this message"
      action="Report"
      disabled={reason.trim() === ""}
      onSubmit={report}
      onClose={onClose}
    >
      <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
        “<bdi>{text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}</bdi>”
      </Text>
      <Textarea
        label="What is wrong with it?"
        description="Only moderators see this, and that it was you."
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={LONGEST}
        autosize
        minRows={2}
        maxRows={6}
        data-autofocus
      />
    </FormDialog>
  );
}
