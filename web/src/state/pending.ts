/** Messages that were written here and are not in the log as far as we know. */

import type { Attachment, ChatEvent } from "@roomlog/client";

export interface PendingMessage {
  /** The idempotency key: a retry uses the same one, and so can never post twice. */
  key: string;
  text: string;
  replyTo: string | null;
  /** The ids of those whom it mentions. */
  mentions: readonly string[];
  attachments: readonly Attachment[];
  at: number;
  state: "sending" | "stored" | "failed";
  /** The event's id, once the log has it. */
  event: string | null;
  error: string | null;
}

export function addPending(list: readonly PendingMessage[], message: PendingMessage): PendingMessage[] {
  return [...list.filter((each) => each.key !== message.key), message];
}

/** The server has it; it stays until its event comes, unless that was first (`isShown`). */
export function stored(
  list: readonly PendingMessage[],
  key: string,
  event: string,
  isShown: boolean,
): PendingMessage[] {
  if (isShown) return list.filter((each) => each.key !== key);
  return list.map((each) => (each.key === key ? { ...each, state: "stored", event } : each));
}

export function failed(list: readonly PendingMessage[], key: string, error: string): PendingMessage[] {
  return list.map((each) => (each.key === key ? { ...each, state: "failed", error } : each));
}

export function retried(list: readonly PendingMessage[], key: string): PendingMessage[] {
  return list.map((each) => (each.key === key ? { ...each, state: "sending", error: null } : each));
}

/** Take out what has arrived: by the sender's own key, or by the id that an ack gave. */
export function settle<T extends { key: string; event: string | null }>(
  list: readonly T[],
  events: readonly Pick<ChatEvent, "id" | "key" | "sender">[],
  me: string,
): readonly T[] {
  if (list.length === 0) return list;
  const ids = new Set(events.map((event) => event.id));
  const keys = new Set(events.filter((event) => event.sender === me).map((event) => event.key));
  const left = list.filter((each) => !keys.has(each.key) && !(each.event !== null && ids.has(each.event)));
  return left.length === list.length ? list : left;
}
