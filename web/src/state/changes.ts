/** What the person did to messages and the log has not shown yet: edits, deletions, reactions. */

import { amended } from "./timeline";
import type { TimelineItem } from "./timeline";

export interface Change {
  /** The idempotency key of the command. */
  key: string;
  /** The event that the command leads to, as the log will say it. */
  type: "MessageEdited" | "MessageDeleted" | "MessageRestored" | "ReactionAdded" | "ReactionRemoved";
  d: { event: string; text?: string; emoji?: string };
  /** That event's id, once the log has it. */
  event: string | null;
}

/** Show the items as they will be; one that nothing changes stays the same object. */
export function withChanges(
  items: readonly TimelineItem[],
  changes: readonly Change[],
  me: string,
): readonly TimelineItem[] {
  if (changes.length === 0) return items;
  const targets = new Set(changes.map((change) => change.d.event));
  return items.map((item) => {
    if (item.kind !== "message" || !targets.has(item.id)) return item;
    const own = changes.filter((change) => change.d.event === item.id);
    return own.reduce((each, { type, d }) => amended(each, { type, d: { ...d }, sender: me }), item);
  });
}

/** The log has it under this event id; it is shown from here until the event comes. */
export function storedChange(list: readonly Change[], key: string, event: string | null): readonly Change[] {
  if (event === null) return dropChange(list, key);
  return list.map((each) => (each.key === key ? { ...each, event } : each));
}

export function dropChange(list: readonly Change[], key: string): readonly Change[] {
  return list.filter((each) => each.key !== key);
}

/** A fresh page of history has what was stored before it was asked for. */
export function unstored(list: readonly Change[]): readonly Change[] {
  return list.some((each) => each.event !== null) ? list.filter((each) => each.event === null) : list;
}
