import { memo } from "react";
import { dayName } from "../../shared/time";
import type { MessageItem } from "../../state/timeline";
import { MessageRow } from "./MessageRow";
import { NoticeRow } from "./NoticeRow";
import { PendingRow } from "./PendingRow";
import { rowShape, timeOf } from "./rows";
import type { Entry } from "./rows";
import classes from "./messages.module.css";

export interface RowProps {
  room: string;
  entry: Entry;
  before: Entry | undefined;
  /** Nothing older exists than the first row. */
  isStart: boolean;
  quoted: MessageItem | null | undefined;
  divider: string | null;
  editing: boolean;
  /** The address bar names this message. */
  marked: boolean;
}

/** One row of the history, with the lines that stand above it. */
export const Row = memo(
  function Row({ room, entry, before, isStart, quoted, divider, editing, marked }: RowProps) {
    const shape = rowShape(before, entry, divider, isStart);
    return (
      <div className={classes.entry}>
        {isStart && before === undefined && (
          <p className={classes.start}>This is where the conversation began.</p>
        )}
        {shape.day && (
          <div className={classes.day}>
            <span>{dayName(timeOf(entry), Date.now())}</span>
          </div>
        )}
        {shape.unread && (
          <div className={classes.unread} data-new role="separator" aria-label="New since you last looked">
            <span>New</span>
          </div>
        )}
        {entry.kind === "notice" && <NoticeRow item={entry} />}
        {entry.kind === "message" && (
          <MessageRow item={entry} head={shape.head} quoted={quoted} editing={editing} marked={marked} />
        )}
        {entry.kind === "pending" && (
          <PendingRow
            room={room}
            message={entry.message}
            sender={entry.sender}
            head={shape.head}
            quoted={quoted}
          />
        )}
      </div>
    );
  },
  (a, b) =>
    a.entry === b.entry &&
    a.before === b.before &&
    a.isStart === b.isStart &&
    a.quoted === b.quoted &&
    a.editing === b.editing &&
    a.marked === b.marked &&
    a.divider === b.divider,
);
