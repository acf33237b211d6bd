/** Who is in a room right now, and who types: folds over ephemeral frames, which may be missing or repeated. */

import type { Presence, PresenceState } from "@roomlog/client";

export type RoomPresence = Readonly<Record<string, PresenceState>>;

/** User id -> the time (ms) until which they count as typing. */
export type RoomTyping = Readonly<Record<string, number>>;

/** One typing signal lasts this long; clients repeat it every 3 s while the person types. */
export const TYPING_MS = 5_000;

/** Apply a snapshot (`state`) or a change (`diff`) to what is known. */
export function applyPresence(before: RoomPresence, frame: Pick<Presence, "state" | "diff">): RoomPresence {
  if (frame.state) return frame.state;
  const after: Record<string, PresenceState> = { ...before };
  for (const user of frame.diff?.left ?? []) delete after[user];
  for (const user of frame.diff?.joined ?? []) after[user] = "online";
  for (const user of frame.diff?.away ?? []) after[user] = "away";
  return after;
}

export function startTyping(before: RoomTyping, user: string, now: number): RoomTyping {
  return { ...before, [user]: now + TYPING_MS };
}

/** Their message is there: they do not type it any more. */
export function stopTyping(before: RoomTyping, users: readonly string[]): RoomTyping {
  if (!users.some((user) => user in before)) return before;
  return Object.fromEntries(Object.entries(before).filter(([user]) => !users.includes(user)));
}

export function dropStale(before: RoomTyping, now: number): RoomTyping {
  const fresh = Object.entries(before).filter(([, until]) => until > now);
  return fresh.length === Object.keys(before).length ? before : Object.fromEntries(fresh);
}
