/** The person's messages that are to be sent later. */

import type { Attachment } from "@roomlog/client";

export interface Scheduled {
  id: string;
  room: string;
  text: string;
  attachments: readonly Attachment[];
  send_at: string;
  state: "waiting" | "sending" | "sent" | "refused" | "cancelled";
  /** Why a refused one was not sent. */
  reason: string;
}

/** How long until something may have become of them, in milliseconds; null where nothing will. */
export function nextLook(list: readonly Scheduled[], now: number): number | null {
  const times = list.filter(isPending).map((each) => Date.parse(each.send_at));
  return times.length === 0 ? null : Math.max(SENT_WITHIN_MS, Math.min(...times) - now + SENT_WITHIN_MS);
}

/** Those that could not be sent, which were still to be sent before. */
export function newlyRefused(before: readonly Scheduled[], after: readonly Scheduled[]): Scheduled[] {
  const pending = new Set(before.filter(isPending).map((each) => each.id));
  return after.filter((each) => each.state === "refused" && pending.has(each.id));
}

const SENT_WITHIN_MS = 2_000;

function isPending({ state }: Scheduled): boolean {
  return state === "waiting" || state === "sending";
}
