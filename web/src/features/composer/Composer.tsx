import { ActionIcon, CloseButton, FileButton, Group, Text, Textarea } from "@mantine/core";
import { useEffect, useId, useState } from "react";
import type { KeyboardEvent, RefObject } from "react";
import { flushSync } from "react-dom";
import { useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { LONGEST, lengthOf } from "../../shared/limits";
import { canHover } from "../../shared/media";
import { UserName } from "../../shared/UserName";
import { plain } from "../../shared/plain";
import type { ChatState } from "../../state/model";
import { wordsOf } from "../../state/timeline";
import type { MessageItem } from "../../state/timeline";
import { ScheduleDialog } from "../schedule/ScheduleDialog";
import { ScheduledBar } from "../schedule/ScheduledBar";
import { drafts } from "./drafts";
import { SlowModeNote, useSlowMode } from "./SlowMode";
import { MentionList, optionId } from "./MentionList";
import { UploadList } from "./UploadList";
import { useDrop } from "./useDrop";
import { useMentions } from "./useMentions";
import { useUploads } from "./useUploads";
import classes from "./Composer.module.css";
import uploadClasses from "./Uploads.module.css";

const WARN_FROM = 7_500;
const SHOWN_OF_NAME = 22;

interface Props {
  room: string;
  roomName: string;
  box: RefObject<HTMLTextAreaElement | null>;
  replyTo: MessageItem | null;
  onReplyDone: () => void;
  /** Edit one's last message, which the arrow up in an empty box asks for. */
  onEdit: (message: string) => void;
}

/**
 * The box to write in: Enter sends, Shift and Enter makes a new line, Escape drops the reply, `@` offers members,
 * files are picked, pasted or dropped, the arrow up in an empty box edits one's last message.
 */
export function Composer({ room, roomName, box, replyTo, onReplyDone, onEdit }: Props) {
  const session = useSession();
  const [text, setText] = useState(() => drafts.get(room) ?? "");
  const [scheduling, setScheduling] = useState(false);
  const length = lengthOf(text);
  const uploads = useUploads(room);
  const wait = useSlowMode(room);
  const hasContent = text.trim() !== "" || uploads.list.length > 0;
  const sendable = hasContent && uploads.isReady && length <= LONGEST && wait === 0;
  const isOver = useDrop(uploads.add);

  const listId = useId();
  const mentions = useMentions(room, text, (next, caret) => {
    flushSync(() => write(next));
    box.current?.focus();
    box.current?.setSelectionRange(caret, caret);
  });
  const isOffering = mentions.offered.length > 0;

  useEffect(() => {
    if (replyTo || canHover()) box.current?.focus();
  }, [box, replyTo]);

  function write(next: string) {
    setText(next);
    drafts.set(room, next);
    if (next.trim() !== "") session.messages.typing(room);
  }

  function send() {
    if (!sendable) return;
    const written = text.trim();
    const people = mentions.mentioned(plain(written));
    session.messages.send(room, written, replyTo?.id ?? null, people, uploads.stored);
    uploads.clear();
    clear();
    box.current?.focus();
  }

  function clear() {
    mentions.close();
    setText("");
    drafts.delete(room);
    onReplyDone();
  }

  function onKeyDown(event: KeyboardEvent) {
    // While an input method composes, the keys belong to it.
    if (event.nativeEvent.isComposing || mentions.onKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    }
    if (event.key === "Escape") onReplyDone();
    const last = event.key === "ArrowUp" && text === "" ? lastOwn(session.store.get(), room) : undefined;
    if (last === undefined) return;
    event.preventDefault();
    onEdit(last);
  }

  return (
    <div className={classes.composer}>
      {isOffering && (
        <MentionList id={listId} people={mentions.offered} active={mentions.active} onPick={mentions.pick} />
      )}
      <ScheduledBar room={room} />
      {replyTo && <Replying message={replyTo} onCancel={onReplyDone} />}
      <UploadList uploads={uploads} />
      {isOver && <div className={uploadClasses.target}>Drop files to attach them</div>}
      <Group gap="xs" wrap="nowrap" align="flex-end">
        <FileButton multiple onChange={uploads.add}>
          {(button) => (
            <ActionIcon
              {...button}
              size={42}
              variant="subtle"
              color="gray"
              aria-label="Attach files"
              title="Attach files"
              onMouseDown={(event) => event.preventDefault()}
            >
              <Icon name="clip" size={20} />
            </ActionIcon>
          )}
        </FileButton>
        <Textarea
          ref={box}
          flex={1}
          aria-label="Message"
          placeholder={roomName === "" ? "Write something" : `Write to ${shortened(plain(roomName))}`}
          value={text}
          onChange={({ currentTarget }) => {
            write(currentTarget.value);
            mentions.look(currentTarget.value, currentTarget.selectionStart);
          }}
          onKeyDown={onKeyDown}
          onPaste={(event) => {
            const pasted = [...event.clipboardData.files];
            // Text that comes with a picture of itself, as from a table, is meant as text.
            if (pasted.length === 0 || event.clipboardData.types.includes("text/plain")) return;
            event.preventDefault();
            uploads.add(pasted);
          }}
          onBlur={mentions.close}
          aria-autocomplete="list"
          aria-controls={isOffering ? listId : undefined}
          aria-activedescendant={isOffering ? optionId(listId, mentions.active) : undefined}
          autosize
          minRows={1}
          maxRows={8}
          size="md"
          error={length > LONGEST}
          dir="auto"
        />
        <ActionIcon
          size={42}
          variant="subtle"
          color="gray"
          aria-label="Schedule the message"
          title="Send later"
          disabled={!sendable}
          onClick={() => setScheduling(true)}
        >
          <Icon name="clock" size={20} />
        </ActionIcon>
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
      <SlowModeNote left={wait} />
      {scheduling && (
        <ScheduleDialog
          room={room}
          text={text.trim()}
          replyTo={replyTo?.id ?? null}
          mentions={mentions.mentioned(plain(text.trim()))}
          files={uploads.stored}
          onDone={() => {
            uploads.clear();
            clear();
          }}
          onClose={() => setScheduling(false)}
        />
      )}
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

/** A name that fits on one line of a phone. */
function shortened(name: string): string {
  return name.length > SHOWN_OF_NAME ? `${name.slice(0, SHOWN_OF_NAME)}…` : name;
}

/** The last message that the person wrote in this room and that is still there. */
function lastOwn(state: ChatState, room: string): string | undefined {
  const gone = new Set(
    state.changes[room]?.filter((each) => each.type === "MessageDeleted").map((each) => each.d.event),
  );
  return state.timelines[room]?.items.findLast(
    (item) => item.kind === "message" && item.sender === state.me && !item.deleted && !gone.has(item.id),
  )?.id;
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
        : <bdi>{plain(wordsOf(message))}</bdi>
      </span>
      <CloseButton size="sm" aria-label="Cancel the reply" onClick={onCancel} />
    </div>
  );
}
