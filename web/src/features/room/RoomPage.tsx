import { useState } from "react";
import { useChat } from "../../shared/context";
import type { MessageItem } from "../../state/timeline";
import { Composer } from "../composer/Composer";
import { MessageList } from "../messages/MessageList";
import { TypingLine } from "../presence/TypingLine";
import { JoinPanel } from "./JoinPanel";
import { RoomProblem } from "./RoomProblem";

/** The open room: its history and the box to write in, or the way in for those who are not members. */
export function RoomPage({ room }: { room: string }) {
  const known = useChat((state) => state.rooms[room]);
  const timeline = useChat((state) => state.timelines[room]);
  const [replyTo, setReplyTo] = useState<MessageItem | null>(null);

  if (known && !known.is_member) return <JoinPanel room={known} />;
  if (timeline?.status === "failed" && timeline.items.length === 0) {
    return <RoomProblem room={room} error={timeline.error ?? ""} isKnown={known !== undefined} />;
  }
  return (
    <>
      <MessageList room={room} timeline={timeline} onReply={setReplyTo} />
      <TypingLine room={room} />
      <Composer
        room={room}
        roomName={known?.name ?? ""}
        replyTo={replyTo}
        onReplyDone={() => setReplyTo(null)}
      />
    </>
  );
}
