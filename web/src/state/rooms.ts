/** The rooms that are known, and what is unread in them. */

import type { ChatEvent, RoomKind } from "@roomlog/client";

export interface Room {
  id: string;
  name: string;
  kind: RoomKind;
  topic: string | null;
  members: number;
  is_member: boolean;
  last_cursor: string | null;
}

export interface RoomActivity {
  unread: number;
  /** The newest item that was on the screen when the reader went elsewhere. */
  lastRead: string | null;
  /** The item after which the line "New" is drawn. */
  divider: string | null;
}

export const QUIET: RoomActivity = { unread: 0, lastRead: null, divider: null };

/** Fold the events that concern the room itself: its name, its topic, its number of members, one's own part in it. */
export function applyToRoom(room: Room, events: readonly ChatEvent[], me: string): Room {
  return events.reduce((each, event) => applyOne(each, event, me), room);
}

function applyOne(room: Room, event: ChatEvent, me: string): Room {
  const user = typeof event.d.user === "string" ? event.d.user : event.sender;
  const mine = user === me;
  switch (event.type) {
    case "RoomRenamed":
      return typeof event.d.name === "string" ? { ...room, name: event.d.name } : room;
    case "RoomTopicChanged":
      return typeof event.d.topic === "string" ? { ...room, topic: event.d.topic } : room;
    case "MemberJoined":
    case "MemberInvited":
      return mine ? { ...room, is_member: true } : { ...room, members: room.members + 1 };
    case "MemberLeft":
    case "MemberRemoved":
      return mine ? { ...room, is_member: false } : { ...room, members: Math.max(0, room.members - 1) };
    default:
      return room;
  }
}

/** Count what others posted while nobody looked. */
export function countUnread(before: RoomActivity, events: readonly ChatEvent[], me: string): RoomActivity {
  const fresh = events.filter((event) => event.type === "MessagePosted" && event.sender !== me).length;
  return fresh === 0 ? before : { ...before, unread: before.unread + fresh };
}

/** The reader goes elsewhere; what is newest now was read. */
export function leave(newest: string | null): RoomActivity {
  return { unread: 0, lastRead: newest, divider: null };
}

/** The reader comes back; a line is drawn where reading ended, if something came since. */
export function enter(before: RoomActivity, newest: string | null): RoomActivity {
  const divider = before.unread > 0 && before.lastRead !== newest ? before.lastRead : null;
  return { ...before, unread: 0, divider };
}

/** One's own rooms by name. */
export function sortedRooms(rooms: Readonly<Record<string, Room>>): Room[] {
  return Object.values(rooms)
    .filter((room) => room.is_member)
    .sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}
