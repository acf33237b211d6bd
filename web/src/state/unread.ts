/**
 * What is unread in a room, here and on the person's other devices. Cursors are compared for equality only.
 *
 * The server counts up to some event of the room, which is not always the last one that came here: what it has not
 * counted yet is added to its count, and what it counted before it came here is not counted again.
 */

import type { ChatEvent, MuteLevel } from "@roomlog/client";
import type { People } from "./people";

export interface RoomActivity {
  /** How many messages of others came after the marker; the server counts up to 1,000. */
  unread: number;
  /** How many of those mention the person. */
  mentions: number;
  /** The cursor of the first unread message. */
  firstUnread: string | null;
  /** The cursor of the message that the line "New" stands above, as long as the room is on the screen. */
  divider: string | null;
  /** Where the person's marker stands, as far as it is known. */
  readUpTo: string | null;
  /** The cursor of the newest message of somebody else that was seen to arrive. */
  newest: string | null;
  /** The latest events that came, those too that the server has counted. */
  recent: readonly Arrival[];
  /** The server has counted up to this event, which is not among those that came: until it comes, none is counted. */
  countedTo: string | null;
}

/** An event of any type, as far as counting has to know it. */
interface Arrival {
  id: string;
  cursor: string;
  prev: string | null;
  /** Whether it is one to read. */
  counts: boolean;
  /** Whether it is one to read, and mentions the person. */
  mentions: boolean;
  /** The message that it takes away, or brings back. */
  target: { id: string; isGone: boolean } | null;
}

/** How the person has muted a room; `until` is null until they unmute it. */
export interface Mute {
  level: MuteLevel;
  until: string | null;
}

/** A room as `GET /unread` answers it. */
export interface UnreadRoom {
  room: string;
  unread: number;
  mentions: number;
  first_unread: string | null;
  read_up_to: string | null;
  /** The room's latest event that is in the counts. */
  cursor: string;
  mute?: Mute | null;
}

/** A room as the server counts it, and whether all that came here is in the count as far as the connection knows. */
export interface CountedRoom extends UnreadRoom {
  isWhole: boolean;
}

export const QUIET: RoomActivity = {
  unread: 0,
  mentions: 0,
  firstUnread: null,
  divider: null,
  readUpTo: null,
  newest: null,
  recent: [],
  countedTo: null,
};

/** The badge stops here, as the server's count does. */
const MOST = 1_000;

/** So many of the latest events are known: many more than the server is ever behind. */
const MOST_RECENT = 500;

/**
 * Take the server's count, and what came after it and after the marker. A room on the screen (`looked`) is being
 * read: only the line is drawn.
 */
export function fromServer(before: RoomActivity, room: CountedRoom, looked: boolean): RoomActivity {
  const uncounted = comingAfter(before.recent, room.cursor) ?? (room.isWhole ? [] : null);
  const unmarked = room.read_up_to === null ? null : comingAfter(before.recent, room.read_up_to);
  const isReadFurther = uncounted !== null && unmarked !== null && unmarked.length < uncounted.length;
  const later = isReadFurther ? unmarked : uncounted;
  const counted = add(
    {
      ...before,
      unread: room.unread,
      mentions: room.mentions,
      firstUnread: room.first_unread,
      readUpTo: room.read_up_to,
      countedTo: later === null ? room.cursor : null,
    },
    later ?? [],
  );
  return looked ? enter(counted) : counted;
}

/** Leave out the events that came before: a room that is followed again from further back brings some of them again. */
export function newIn(before: RoomActivity, events: readonly ChatEvent[]): readonly ChatEvent[] {
  const known = new Set(before.recent.map(({ cursor }) => cursor));
  return events.filter((event) => !known.has(event.cursor));
}

/** Count what others posted, but not the blocked; while it is looked at (`looked`), nothing of it is unread. */
export function arrive(
  before: RoomActivity,
  events: readonly ChatEvent[],
  me: string,
  looked: boolean,
  blocked: People["blocked"],
): RoomActivity {
  if (events.length === 0) return before;
  const arrivals = events.map((event) => {
    const counts = isSaidByOthers(event, me) && !(event.sender in blocked);
    const mentions = counts && mentionsOf(event).includes(me);
    return {
      id: event.id,
      cursor: event.cursor,
      prev: event.prev ?? null,
      counts,
      mentions,
      target: targetOf(event),
    };
  });
  const uncounted = before.countedTo === null ? arrivals : comingAfter(arrivals, before.countedTo);
  const after = {
    ...before,
    newest: events.findLast((event) => isSaidByOthers(event, me))?.cursor ?? before.newest,
    recent: [...before.recent, ...arrivals].slice(-MOST_RECENT),
    countedTo: uncounted === null ? before.countedTo : null,
  };
  return looked ? after : add(after, uncounted ?? []);
}

function isSaidByOthers(event: ChatEvent, me: string): boolean {
  return event.type === "MessagePosted" && event.sender !== me;
}

function comingAfter(arrivals: readonly Arrival[], cursor: string): readonly Arrival[] | null {
  const at = arrivals.findLastIndex((arrival) => arrival.cursor === cursor);
  if (at >= 0) return arrivals.slice(at + 1);
  const next = arrivals.findIndex((arrival) => arrival.prev === cursor);
  return next < 0 ? null : arrivals.slice(next);
}

function add(before: RoomActivity, arrivals: readonly Arrival[]): RoomActivity {
  return arrivals.reduce((sum, arrival) => {
    if (arrival.counts) return withOne(sum, arrival);
    const target = arrival.target === null ? null : unreadTarget(sum, arrival.target.id);
    if (arrival.target === null || target === null) return sum;
    return arrival.target.isGone ? withoutOne(sum, target) : withOne(sum, target);
  }, before);
}

function withOne(before: RoomActivity, arrival: Arrival): RoomActivity {
  return {
    ...before,
    unread: Math.min(MOST, before.unread + 1),
    mentions: Math.min(MOST, before.mentions + Number(arrival.mentions)),
    firstUnread: before.firstUnread ?? arrival.cursor,
  };
}

function withoutOne(before: RoomActivity, arrival: Arrival): RoomActivity {
  // A full count says "at least so many", and nothing of how many are left.
  if (before.unread === 0 || before.unread === MOST) return before;
  const unread = before.unread - 1;
  const mentions = Math.max(0, before.mentions - Number(arrival.mentions));
  return { ...before, unread, mentions, firstUnread: unread === 0 ? null : before.firstUnread };
}

/** The message with an id, if it came here, is one to read, and is behind the marker. */
function unreadTarget({ recent, readUpTo }: RoomActivity, id: string): Arrival | null {
  const unmarked = (readUpTo === null ? null : comingAfter(recent, readUpTo)) ?? recent;
  return unmarked.find((arrival) => arrival.id === id && arrival.counts) ?? null;
}

function targetOf(event: ChatEvent): Arrival["target"] {
  if (event.type !== "MessageDeleted" && event.type !== "MessageRestored") return null;
  return { id: String(event.d.event), isGone: event.type === "MessageDeleted" };
}

/** The reader looks at the room's end: nothing is unread, and the line stays where reading went on. */
export function enter(before: RoomActivity): RoomActivity {
  if (before.unread === 0) return before;
  return {
    ...before,
    unread: 0,
    mentions: 0,
    firstUnread: null,
    divider: before.firstUnread ?? before.divider,
  };
}

/** The reader goes elsewhere; the line has done its work. */
export function leave(before: RoomActivity): RoomActivity {
  return before.divider === null ? before : { ...before, divider: null };
}

/**
 * The marker moved, perhaps on another device. `later` are the messages of others after it, where the room's
 * history is here; null where it is not. Then only a marker at the newest message says what is left: nothing.
 */
export function marked(
  before: RoomActivity,
  cursor: string,
  later: readonly { cursor: string; mentions: readonly string[] }[] | null,
  me: string,
): RoomActivity {
  const moved = { ...before, readUpTo: cursor };
  if (before.unread === 0) return moved;
  const left = cursor === before.newest ? [] : later;
  if (left === null) return moved;
  const mentions = left.filter((message) => message.mentions.includes(me)).length;
  return { ...moved, unread: left.length, mentions, firstUnread: left[0]?.cursor ?? null };
}

function mentionsOf(event: ChatEvent): readonly unknown[] {
  return Array.isArray(event.d.mentions) ? event.d.mentions : [];
}

/** How much of what is unread the person wants to hear of. */
export function heard({ unread, mentions }: RoomActivity, mute: Mute | undefined): number {
  if (mute === undefined) return unread;
  return mute.level === "mentions" ? mentions : 0;
}
