/** What a row of the history looks like, which depends on the row before it. */

import { isNewDay } from "../../shared/time";
import type { PendingMessage } from "../../state/pending";
import type { TimelineItem } from "../../state/timeline";

export type Entry = TimelineItem | { kind: "pending"; message: PendingMessage; sender: string };

export interface RowShape {
  /** A line with the date stands above. */
  day: boolean;
  /** The line "New" stands above. */
  unread: boolean;
  /** Name, picture and time are shown: not the continuation of what the same person just said. */
  head: boolean;
}

const PAUSE_MS = 5 * 60_000;

/**
 * `divider` is the cursor of the first new message. The first row shows its date only where the room began
 * (`isStart`): rows that come above may be of that day.
 */
export function rowShape(
  before: Entry | undefined,
  entry: Entry,
  divider: string | null,
  isStart = true,
): RowShape {
  const day = before === undefined ? isStart : isNewDay(timeOf(before), timeOf(entry));
  const unread = divider !== null && entry.kind === "message" && entry.cursor === divider;
  return { day, unread, head: day || unread || before === undefined || !continues(before, entry) };
}

function continues(before: Entry, entry: Entry): boolean {
  if (before.kind === "notice" || entry.kind === "notice") return false;
  if (before.sender !== entry.sender || replyOf(entry) !== null) return false;
  if (isAction(before) || isAction(entry)) return false;
  return timeOf(entry) - timeOf(before) < PAUSE_MS;
}

export function timeOf(entry: Entry): number {
  return entry.kind === "pending" ? entry.message.at : entry.at;
}

export function keyOf(entry: Entry): string {
  return entry.kind === "pending" ? entry.message.key : entry.id;
}

function replyOf(entry: Entry): string | null {
  if (entry.kind === "pending") return entry.message.replyTo;
  return entry.kind === "message" ? entry.replyTo : null;
}

function isAction(entry: Entry): boolean {
  if (entry.kind === "pending") return actionText(entry.message.text) !== null;
  return entry.kind === "message" && actionText(entry.text) !== null;
}

/** What a `/me` message says its sender does, or null for any other text. */
export function actionText(text: string): string | null {
  return text.startsWith("/me ") && text.trim().length > 4 ? text.slice(4) : null;
}
