import { Text } from "@mantine/core";
import { newKey } from "@roomlog/client";
import type { Attachment } from "@roomlog/client";
import { useState } from "react";
import { useSession } from "../../shared/context";
import { FormDialog } from "../../shared/FormDialog";
import { plain } from "../../shared/plain";
import { fromField } from "../../shared/schedule";
import { FileNames } from "./FileNames";
import { WhenField } from "./WhenField";

interface Props {
  room: string;
  text: string;
  replyTo: string | null;
  mentions: readonly string[];
  files: readonly Attachment[];
  onDone: () => void;
  onClose: () => void;
}

/** Asks when to send what is in the composer. */
export function ScheduleDialog({ room, text, replyTo, mentions, files, onDone, onClose }: Props) {
  const session = useSession();
  const [{ when, key }, setWhen] = useState({ when: "", key: "" });
  const at = fromField(when);

  async function schedule() {
    if (at === null) return "Choose a time.";
    const reply = replyTo === null ? {} : { reply_to: replyTo };
    const attachments = files.map(({ file_id }) => ({ file_id }));
    const message = { text, send_at: at.toISOString(), mentions, attachments, ...reply };
    await session.scheduled.add(room, message, key);
    onDone();
    onClose();
    return undefined;
  }

  return (
    <FormDialog
      title="Send later"
      size="sm"
      action="Schedule"
      disabled={at === null}
      onSubmit={schedule}
      onClose={onClose}
    >
      {text !== "" && (
        <Text size="sm" lineClamp={3} dir="auto" style={{ overflowWrap: "anywhere" }}>
          “<bdi>{plain(text)}</bdi>”
        </Text>
      )}
      <FileNames files={files} />
      <WhenField value={when} onChange={(next) => setWhen({ when: next, key: newKey() })} />
    </FormDialog>
  );
}
