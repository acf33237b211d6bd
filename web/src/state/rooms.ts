/** The rooms that are known. */

import type { ChatEvent, History, Role, RoomKind } from "@roomlog/client";
import { roleOf } from "./members";

export interface Room {
  id: string;
  name: string;
  kind: RoomKind;
  /** The workspace that it is in; null is the one that everybody is in. */
  workspace: string | null;
  topic: string | null;
  /** The language that its words are searched in: ISO 639-1, or `simple`. */
  language?: string;
  /** Nothing more is said in it. */
  archived: boolean;
  /** Only owners and moderators write. */
  read_only: boolean;
  /** Missing in an answer of an older server: as if it were true. */
  link_previews?: boolean;
  history: History;
  /** Seconds between two messages of one member; owners and moderators may say more. */
  slow_mode_s: number;
  /** When that was set, if it was while one looked: what one said before does not count. */
  slow_since?: number;
  /** The person reads and does not write until then; in the year 9999 without an end. */
  muted_until: string | null;
  members: number;
  is_member: boolean;
  /** One's own part in it; null for those who are not in it. */
  role: Role | null;
  last_cursor: string | null;
}

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
    case "RoomLanguageChanged":
      return typeof event.d.language === "string" ? { ...room, language: event.d.language } : room;
    case "RoomSettingsChanged":
      return { ...room, ...settingsOf(event) };
    case "MemberJoined":
    case "MemberInvited":
      if (!mine) return { ...room, members: room.members + 1 };
      return { ...room, is_member: true, role: room.role ?? roleOf(event) };
    case "HookCreated":
      return { ...room, members: room.members + 1 };
    case "HookRevoked":
      return { ...room, members: Math.max(0, room.members - 1) };
    case "MemberLeft":
    case "MemberRemoved":
      if (!mine) return { ...room, members: Math.max(0, room.members - 1) };
      return { ...room, is_member: false, role: null };
    case "MemberMuted":
      return mine ? { ...room, muted_until: endOf(event) } : room;
    case "MemberUnmuted":
      return mine ? { ...room, muted_until: null } : room;
    case "MemberRoleChanged":
      return mine ? { ...room, role: roleOf(event) } : room;
    default:
      return room;
  }
}

const FOREVER = "9999-12-31T23:59:59.999Z";

/** Until when an event mutes somebody; it has microseconds, or no end. */
function endOf({ d }: ChatEvent): string {
  return typeof d.until === "number" ? new Date(d.until / 1_000).toISOString() : FOREVER;
}

function settingsOf({ d, ts }: ChatEvent): Partial<Room> {
  return {
    ...(typeof d.archived === "boolean" && { archived: d.archived }),
    ...(typeof d.read_only === "boolean" && { read_only: d.read_only }),
    ...(typeof d.link_previews === "boolean" && { link_previews: d.link_previews }),
    ...(typeof d.slow_mode_s === "number" && { slow_mode_s: d.slow_mode_s, slow_since: Date.parse(ts) }),
    ...((d.history === "all" || d.history === "joined") && { history: d.history }),
  };
}

/** One's own rooms of a workspace, by name; archived ones are left out. */
export function sortedRooms(rooms: Readonly<Record<string, Room>>, workspace: string | null): Room[] {
  return Object.values(rooms)
    .filter((room) => room.is_member && !room.archived && room.workspace === workspace)
    .sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}
