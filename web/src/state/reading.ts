/** What the person has on the screen, and what of it is read. */

import type { ChatState } from "./model";
import { withActivity } from "./model";
import { LOADING } from "./timeline";
import type { MessageItem } from "./timeline";
import * as unread from "./unread";

/** The person looks somewhere else: into another room, at another window, up or down in the history. */
export function look(
  state: ChatState,
  where: Partial<Pick<ChatState, "openRoom" | "visible" | "atEnd">>,
): ChatState {
  let next: ChatState = { ...state, ...where };
  if (state.openRoom !== null && state.openRoom !== next.openRoom) {
    next = withActivity(next, state.openRoom, unread.leave);
  }
  const room = next.openRoom;
  return room !== null && isLookedAt(next, room) ? withActivity(next, room, unread.enter) : next;
}

/** Whether the person sees what comes into the room. */
export function isLookedAt(state: ChatState, room: string): boolean {
  const isAtNewest = state.atEnd && !state.timelines[room]?.hasNewer;
  return state.openRoom === room && state.visible && isAtNewest;
}

/** The marker that the person's reading asks for: the newest message of somebody else that is on the screen. */
export function placeToMark(state: ChatState): { room: string; cursor: string } | null {
  const room = state.openRoom;
  if (room === null || !isLookedAt(state, room) || state.timelines[room]?.status !== "ready") return null;
  const newest = state.timelines[room].items.findLast(
    (item) => item.kind === "message" && item.sender !== state.me,
  );
  if (!newest || newest.cursor === state.activity[room]?.readUpTo) return null;
  return { room, cursor: newest.cursor };
}

/** What others, but not the blocked, said after a place in the history; null where the place is not in it. */
export function messagesAfter(state: ChatState, room: string, cursor: string): MessageItem[] | null {
  const { items, hasNewer } = state.timelines[room] ?? LOADING;
  if (hasNewer) return null;
  const place = items.findLastIndex((item) => item.cursor === cursor);
  if (place < 0) return null;
  return items
    .slice(place + 1)
    .filter((item): item is MessageItem => item.kind === "message" && !item.deleted)
    .filter(({ sender }) => sender !== state.me && !(sender in state.people.blocked));
}

/** How many messages are unread in all of the person's rooms, as far as they want to hear of them. */
export function totalUnread(state: ChatState): number {
  const mine = Object.entries(state.activity).filter(([room]) => state.rooms[room]?.is_member);
  return mine.reduce((sum, [room, each]) => sum + unread.heard(each, state.mutes[room]), 0);
}
