import { Anchor, Button } from "@mantine/core";
import { useState } from "react";
import { useChat, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { mayWrite, moderates } from "../../state/members";
import type { MessageItem } from "../../state/timeline";
import { useRowActions } from "./actions";
import { Attachments } from "./Attachments";
import { EditBox } from "./EditBox";
import { LinkCard } from "./LinkCard";
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
  const [unfolded, setUnfolded] = useState(false);
  const isBlocked = useChat((state) => item.sender in state.people.blocked);
  const mentionsMe = item.mentions.includes(useChat((state) => state.me));
  const actions = useRowActions();
  const folded = isBlocked && !unfolded && !item.deleted;
  const hasTools = !item.deleted && !editing && !folded;
  const press = useLongPress(() => hasTools && setOpen("menu"));
  if (folded)
    return (
      <div className={classes.row} data-event-id={item.id} data-cursor={item.cursor} data-folded>
        <p className={classes.folded}>
          A message of somebody you blocked.{" "}
          <Anchor component="button" size="sm" onClick={() => setUnfolded(true)}>
            Show it
          </Anchor>
        </p>
      </div>
    );
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
        onHistory={() => actions.history(item.id)}
        quote={
          quoted !== undefined && item.replyTo !== null && <ReplyQuote id={item.replyTo} quoted={quoted} />
        }
        instead={editing && <EditBox item={item} />}
      >
        {!editing && !item.deleted && <LinkCard text={item.text} />}
        {!item.deleted && <Attachments files={item.attachments} />}
        {item.deleted ? <Restore item={item} /> : <Reactions item={item} />}
        {item.replies > 0 && (
          <Button
            variant="subtle"
            size="compact-xs"
            leftSection={<Icon name="thread" size={14} />}
            onClick={() => actions.thread(item.id)}
          >
            {item.replies} {item.replies === 1 ? "reply" : "replies"}
          </Button>
        )}
      </Speech>
      {hasTools && <MessageTools item={item} open={open} onOpen={setOpen} />}
    </div>
  );
}

/** Takes a deletion back: for who deleted it, as long as the page knows, and for those who moderate. */
function Restore({ item }: { item: MessageItem }) {
  const { changes } = useSession();
  const { room } = useRowActions();
  const isMine = useChat((state) => state.me) === item.deletedBy;
  const may = useChat(({ rooms }) => {
    const known = rooms[room];
    return known !== undefined && mayWrite(known) && (isMine || moderates(known));
  });
  if (!may) return null;
  return (
    <Button variant="subtle" size="compact-xs" onClick={() => void changes.restore(room, item)}>
      {isMine ? "Undo" : "Restore"}
    </Button>
  );
}
