import { useState } from "react";
import { useChat } from "../../shared/context";
import type { MessageItem } from "../../state/timeline";
import { EditBox } from "./EditBox";
import { MessageTools } from "./MessageTools";
import type { Open } from "./MessageTools";
import { Reactions } from "./Reactions";
import { ReplyQuote } from "./ReplyQuote";
import { Speech } from "./Speech";
import { useLongPress } from "./useLongPress";
import classes from "./messages.module.css";

interface Props {
  item: MessageItem;
  head: boolean;
  quoted: MessageItem | null | undefined;
  editing: boolean;
  /** The address bar names this message. */
  marked: boolean;
}

/** A message of the log. */
export function MessageRow({ item, head, quoted, editing, marked }: Props) {
  const [open, setOpen] = useState<Open>(null);
  const mentionsMe = item.mentions.includes(useChat((state) => state.me));
  const hasTools = !item.deleted && !editing;
  const press = useLongPress(() => hasTools && setOpen("menu"));
  return (
    <div
      className={classes.row}
      data-event-id={item.id}
      data-cursor={item.cursor}
      data-sender={item.sender}
      data-mentions-me={(mentionsMe && !item.deleted) || undefined}
      data-marked={marked || undefined}
      data-open={open !== null || undefined}
      {...press}
    >
      <Speech
        sender={item.sender}
        at={item.at}
        head={head}
        text={item.deleted ? null : item.text}
        mentions={item.mentions}
        edited={item.edited}
        quote={
          quoted !== undefined && item.replyTo !== null && <ReplyQuote id={item.replyTo} quoted={quoted} />
        }
        instead={editing && <EditBox item={item} />}
      >
        <Reactions item={item} />
      </Speech>
      {hasTools && <MessageTools item={item} open={open} onOpen={setOpen} />}
    </div>
  );
}
