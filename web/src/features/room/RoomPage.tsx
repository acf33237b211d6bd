import { Text } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { useChat, useSession } from "../../shared/context";
import { ConfirmDialog } from "../../shared/ConfirmDialog";
import { canHover } from "../../shared/media";
import { plain } from "../../shared/plain";
import { fullTime } from "../../shared/time";
import { mayWrite } from "../../state/members";
import type { Room } from "../../state/rooms";
import { wordsOf } from "../../state/timeline";
import type { MessageItem } from "../../state/timeline";
import { Composer } from "../composer/Composer";
import { HistoryDialog } from "../messages/HistoryDialog";
import { ReportDialog } from "../moderation/ReportDialog";
import { MessageList } from "../messages/MessageList";
import { TypingLine } from "../presence/TypingLine";
import { ThreadPanel } from "../threads/ThreadPanel";
import { JoinPanel } from "./JoinPanel";
import { RoomProblem } from "./RoomProblem";

const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Props {
  room: string;
  /** The message that the address bar names. */
  target: string | null;
}

/** The open room: its history and the box to write in, or the way in for those who are not members. */
export function RoomPage({ room, target }: Props) {
  const known = useChat((state) => state.rooms[room]);
  const timeline = useChat((state) => state.timelines[room]);
  const [replyTo, setReplyTo] = useState<MessageItem | null>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const [removing, setRemoving] = useState<MessageItem | null>(null);
  const [thread, setThread] = useState<string | null>(null);
  const [history, setHistory] = useState<string | null>(null);
  const [reporting, setReporting] = useState<MessageItem | null>(null);
  const isMuted = useIsMuted(known);
  const box = useRef<HTMLTextAreaElement>(null);
  const actions = useMemo(
    () => ({
      room,
      reply: setReplyTo,
      remove: setRemoving,
      thread: setThread,
      history: setHistory,
      report: setReporting,
      edit: (message: string | null) => {
        setEditing(message);
        if (message === null && canHover()) box.current?.focus();
      },
    }),
    [room],
  );

  if (known && !known.is_member) return <JoinPanel room={known} />;
  if (timeline?.status === "failed" && timeline.items.length === 0) {
    return <RoomProblem room={room} error={timeline.error ?? ""} isKnown={known !== undefined} />;
  }
  return (
    <>
      <MessageList room={room} timeline={timeline} target={target} editing={editing} actions={actions} />
      <TypingLine room={room} />
      {known && (!mayWrite(known) || isMuted) ? (
        <Text size="sm" c="dimmed" ta="center" p="md" role="note">
          {isMuted ? mutedNote(known) : silence(known)}
        </Text>
      ) : (
        <Composer
          room={room}
          roomName={known?.name ?? ""}
          box={box}
          replyTo={replyTo}
          onReplyDone={() => setReplyTo(null)}
          onEdit={setEditing}
        />
      )}
      {thread !== null && (
        <ThreadPanel
          room={room}
          message={thread}
          mayWrite={known !== undefined && mayWrite(known)}
          onClose={() => setThread(null)}
        />
      )}
      {history !== null && <HistoryDialog room={room} message={history} onClose={() => setHistory(null)} />}
      {reporting && <ReportDialog message={reporting} onClose={() => setReporting(null)} />}
      {removing && (
        <RemoveDialog
          room={room}
          message={removing}
          onDone={() => setEditing(null)}
          onClose={() => setRemoving(null)}
        />
      )}
    </>
  );
}

function silence(room: Room): string {
  return room.archived ? "This room is archived." : "Only owners and moderators write in this room.";
}

function mutedNote({ muted_until: until }: Room): string {
  if (until === null || until.startsWith("9999")) return "A moderator muted you in this room.";
  return `A moderator muted you in this room until ${fullTime(Date.parse(until))}.`;
}

/** Whether the person is muted here, which ends by itself. */
function useIsMuted(room: Room | undefined): boolean {
  const until = room?.muted_until == null ? 0 : Date.parse(room.muted_until);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const left = until - Date.now();
    if (left <= 0) return;
    const timer = setTimeout(() => setNow(Date.now()), Math.min(left + 100, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  }, [until, now]);
  return until > now;
}

interface RemoveProps {
  room: string;
  message: MessageItem;
  onDone: () => void;
  onClose: () => void;
}

function RemoveDialog({ room, message, onDone, onClose }: RemoveProps) {
  const session = useSession();
  const remove = () => {
    onDone();
    void session.changes.remove(room, message.id);
  };
  return (
    <ConfirmDialog title="Delete this message?" action="Delete" onConfirm={remove} onClose={onClose}>
      <p style={{ margin: 0, overflowWrap: "anywhere" }}>
        “<bdi>{shortened(plain(wordsOf(message)))}</bdi>”
      </p>
      <p style={{ margin: "8px 0 0" }}>
        Everybody will see that a message was deleted here. You can take it back.
      </p>
    </ConfirmDialog>
  );
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
