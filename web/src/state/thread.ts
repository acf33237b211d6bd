/** A thread as it is on the screen: what REST answered, and what has happened to it since. */

import type { MessageItem, TimelineItem } from "./timeline";

export interface Thread {
  root: MessageItem;
  answers: readonly MessageItem[];
  /** Answers after these are not loaded. */
  hasMore: boolean;
}

/** Show each message as the room's history has it by now, and the answers that came meanwhile. */
export function withNews(thread: Thread, items: readonly TimelineItem[]): Thread {
  const live = new Map<string, MessageItem>();
  for (const item of items) if (item.kind === "message") live.set(item.id, item);
  const root = live.get(thread.root.id) ?? thread.root;
  const answers = thread.answers.map((answer) => live.get(answer.id) ?? answer);
  const known = new Set([root.id, ...answers.map((answer) => answer.id)]);
  if (thread.hasMore) return { ...thread, root, answers };
  for (const item of live.values()) {
    if (item.replyTo === null || !known.has(item.replyTo) || known.has(item.id)) continue;
    known.add(item.id);
    answers.push(item);
  }
  return { ...thread, root, answers };
}
