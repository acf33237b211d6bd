import { ActionIcon, CloseButton, Group, Text, Textarea } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import { useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { UserName } from "../../shared/UserName";
import { plain } from "../../shared/plain";
import type { MessageItem } from "../../state/timeline";
import { drafts } from "./drafts";
import classes from "./Composer.module.css";

/** The server's limit on a text (`limits.text_chars` of its greeting), in characters as it counts them. */
const LONGEST = 8_000;
const WARN_FROM = 7_500;

interface Props {
  room: string;
  roomName: string;
  replyTo: MessageItem | null;
  onReplyDone: () => void;
}

/** The box to write in: Enter sends, Shift and Enter makes a new line, Escape drops the reply. */
export function Composer({ room, roomName, replyTo, onReplyDone }: Props) {
  const session = useSession();
  const [text, setText] = useState(() => drafts.get(room) ?? "");
  const box = useRef<HTMLTextAreaElement>(null);
  const length = Array.from(text).length;
  const sendable = text.trim() !== "" && length <= LONGEST;

  useEffect(() => {
    if (replyTo) box.current?.focus();
  }, [replyTo]);

  function write(next: string) {
    setText(next);
    drafts.set(room, next);
    if (next.trim() !== "") session.messages.typing(room);
  }

  function send() {
    if (!sendable) return;
    session.messages.send(room, text.trim(), replyTo?.id ?? null);
    setText("");
    drafts.delete(room);
    onReplyDone();
    box.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent) {
    // While an input method composes, Enter belongs to it.
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      send();
    }
    if (event.key === "Escape") onReplyDone();
  }

  return (
    <div className={classes.composer}>
      {replyTo && <Replying message={replyTo} onCancel={onReplyDone} />}
      <Group gap="xs" wrap="nowrap" align="flex-end">
        <Textarea
          ref={box}
          flex={1}
          aria-label="Message"
          placeholder={roomName === "" ? "Write something" : `Write to ${roomName}`}
          value={text}
          onChange={(event) => write(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          autosize
          minRows={1}
          maxRows={8}
          size="md"
          error={length > LONGEST}
          dir="auto"
        />
        {/* The box keeps the focus, so that a phone's keyboard stays open. */}
        <ActionIcon
          size={42}
          aria-label="Send"
          title="Send"
          disabled={!sendable}
          onClick={send}
          onMouseDown={(event) => event.preventDefault()}
        >
          <Icon name="send" size={20} />
        </ActionIcon>
      </Group>
      {length > WARN_FROM && (
        <Text size="xs" c={length > LONGEST ? "red" : "dimmed"} role="status">
          {length > LONGEST
            ? `${length - LONGEST} characters too long: split it in two.`
            : `${LONGEST - length} characters left.`}
        </Text>
      )}
    </div>
  );
}

function Replying({ message, onCancel }: { message: MessageItem; onCancel: () => void }) {
  return (
    <div className={classes.replying}>
      <Icon name="reply" size={14} />
      <span className={classes.replyingText}>
        Reply to{" "}
        <strong>
          <UserName user={message.sender} />
        </strong>
        : <bdi>{plain(message.text)}</bdi>
      </span>
      <CloseButton size="sm" aria-label="Cancel the reply" onClick={onCancel} />
    </div>
  );
}
