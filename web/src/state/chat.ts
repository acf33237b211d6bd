/** The whole state of a signed-in session, and the one reducer over everything that happens to it. */

import type { ChatEvent, ConnectionState, Presence } from "@roomlog/client";
import * as pending from "./pending";
import type { PendingMessage } from "./pending";
import { applyPresence, dropStale, startTyping, stopTyping } from "./presence";
import type { RoomPresence, RoomTyping } from "./presence";
import { applyToRoom, countUnread, enter, leave, QUIET } from "./rooms";
import type { Room, RoomActivity } from "./rooms";
import { applyEvents, fromApi, LOADING, prependPage, showPage } from "./timeline";
import type { ApiMessage, MessageItem, Timeline } from "./timeline";

type By<T> = Readonly<Record<string, T>>;

export interface Connection {
  state: ConnectionState;
  node: string | null;
  reason: string | null;
}

export interface ChatState {
  me: string;
  connection: Connection;
  roomsLoaded: boolean;
  rooms: By<Room>;
  timelines: By<Timeline>;
  activity: By<RoomActivity>;
  presence: By<RoomPresence>;
  typing: By<RoomTyping>;
  pending: By<readonly PendingMessage[]>;
  names: By<string>;
  /** Messages that answers on the screen quote and that are not in their timeline; null for one that is gone. */
  quotes: By<MessageItem | null>;
  /** The room on the screen, and whether anybody can see the screen. */
  openRoom: string | null;
  visible: boolean;
}

export type Action =
  | { type: "connection"; connection: Connection }
  | { type: "rooms"; rooms: readonly Room[] }
  | { type: "rooms_loaded" }
  | { type: "room_gone"; room: string }
  | { type: "names"; users: By<{ name: string }> }
  | { type: "quote"; id: string; message: ApiMessage | null }
  | { type: "timeline_loading"; room: string }
  | { type: "timeline_failed"; room: string; error: string }
  | { type: "page"; room: string; messages: readonly ApiMessage[]; hasMore: boolean }
  | { type: "older_page"; room: string; messages: readonly ApiMessage[]; hasMore: boolean }
  | { type: "events"; events: readonly ChatEvent[] }
  | { type: "presence"; room: string; frame: Pick<Presence, "state" | "diff"> }
  | { type: "typing"; room: string; user: string; now: number }
  | { type: "tick"; now: number }
  | { type: "sending"; room: string; message: PendingMessage }
  | { type: "stored"; room: string; key: string; event: string }
  | { type: "send_failed"; room: string; key: string; error: string }
  | { type: "retried"; room: string; key: string }
  | { type: "discarded"; room: string; key: string }
  | { type: "open_room"; room: string | null }
  | { type: "visible"; visible: boolean };

export function initialState(me: { id: string; name: string }): ChatState {
  return {
    me: me.id,
    connection: { state: "connecting", node: null, reason: null },
    roomsLoaded: false,
    rooms: {},
    timelines: {},
    activity: {},
    presence: {},
    typing: {},
    pending: {},
    names: { [me.id]: me.name },
    quotes: {},
    openRoom: null,
    visible: true,
  };
}

export function reduce(state: ChatState, action: Action): ChatState {
  switch (action.type) {
    case "connection":
      return { ...state, connection: action.connection };
    case "rooms":
      return { ...state, rooms: { ...state.rooms, ...byId(action.rooms) } };
    case "rooms_loaded":
      return { ...state, roomsLoaded: true };
    case "room_gone":
      return withoutRoom(state, action.room);
    case "names":
      return { ...state, names: { ...state.names, ...namesOf(action.users) } };
    case "quote": {
      const quote = action.message === null ? null : fromApi(action.message);
      return { ...state, quotes: { ...state.quotes, [action.id]: quote } };
    }
    case "timeline_loading":
      return withTimeline(state, action.room, (before) => ({ ...before, status: "loading", error: null }));
    case "timeline_failed":
      return withTimeline(state, action.room, (before) => ({
        ...before,
        status: "failed",
        error: action.error,
      }));
    case "page":
      return showNewest(state, action.room, showPage(action.messages, action.hasMore));
    case "older_page":
      return withTimeline(state, action.room, (before) =>
        prependPage(before, action.messages, action.hasMore),
      );
    case "events":
      return applyAll(state, action.events);
    case "presence":
      return put(
        state,
        "presence",
        action.room,
        applyPresence(state.presence[action.room] ?? {}, action.frame),
      );
    case "typing":
      return put(
        state,
        "typing",
        action.room,
        startTyping(state.typing[action.room] ?? {}, action.user, action.now),
      );
    case "tick":
      return tick(state, action.now);
    case "sending":
      return withPending(state, action.room, (list) => pending.addPending(list, action.message));
    case "stored":
      return withPending(state, action.room, (list) =>
        pending.stored(list, action.key, action.event, isShown(state, action.room, action.event)),
      );
    case "send_failed":
      return withPending(state, action.room, (list) => pending.failed(list, action.key, action.error));
    case "retried":
      return withPending(state, action.room, (list) => pending.retried(list, action.key));
    case "discarded":
      return withPending(state, action.room, (list) => list.filter((each) => each.key !== action.key));
    case "open_room":
      return look(state, action.room, state.visible);
    case "visible":
      return look(state, state.openRoom, action.visible);
  }
}

function applyAll(state: ChatState, events: readonly ChatEvent[]): ChatState {
  let next = state;
  for (const [room, group] of byRoom(events)) next = applyToOne(next, room, group);
  return next;
}

function applyToOne(state: ChatState, room: string, events: readonly ChatEvent[]): ChatState {
  let next = state;
  const known = next.rooms[room];
  if (known) next = put(next, "rooms", room, applyToRoom(known, events, state.me));
  const timeline = next.timelines[room];
  if (timeline?.status === "ready") next = put(next, "timelines", room, applyEvents(timeline, events));
  next = withPending(next, room, (list) => pending.settle(list, events, state.me));
  const writers = events.filter((event) => event.type === "MessagePosted").map((event) => event.sender);
  next = put(next, "typing", room, stopTyping(next.typing[room] ?? {}, writers));
  if (isLookedAt(next, room)) return next;
  return put(next, "activity", room, countUnread(next.activity[room] ?? QUIET, events, state.me));
}

function showNewest(state: ChatState, room: string, timeline: Timeline): ChatState {
  const shown = timeline.items.map((item) => ({ id: item.id, sender: item.sender }));
  const next = withPending(state, room, (list) => pending.settle(list, shown, state.me));
  return put(next, "timelines", room, timeline);
}

function look(state: ChatState, room: string | null, visible: boolean): ChatState {
  let next: ChatState = { ...state, openRoom: room, visible };
  if (state.openRoom !== null && state.visible) {
    const left = state.openRoom;
    next = put(next, "activity", left, leave(newest(state, left)));
  }
  if (room !== null && visible) {
    next = put(next, "activity", room, enter(next.activity[room] ?? QUIET, newest(state, room)));
  }
  return next;
}

function tick(state: ChatState, now: number): ChatState {
  let next = state;
  for (const [room, typing] of Object.entries(state.typing))
    next = put(next, "typing", room, dropStale(typing, now));
  return next;
}

function withoutRoom(state: ChatState, room: string): ChatState {
  const known = state.rooms[room];
  return known ? put(state, "rooms", room, { ...known, is_member: false }) : state;
}

function isLookedAt(state: ChatState, room: string): boolean {
  return state.openRoom === room && state.visible;
}

function isShown(state: ChatState, room: string, event: string): boolean {
  return state.timelines[room]?.items.some((item) => item.id === event) ?? false;
}

function newest(state: ChatState, room: string): string | null {
  return state.timelines[room]?.items.at(-1)?.id ?? null;
}

function withTimeline(state: ChatState, room: string, change: (before: Timeline) => Timeline): ChatState {
  return put(state, "timelines", room, change(state.timelines[room] ?? LOADING));
}

function withPending(
  state: ChatState,
  room: string,
  change: (list: readonly PendingMessage[]) => readonly PendingMessage[],
): ChatState {
  return put(state, "pending", room, change(state.pending[room] ?? []));
}

type Keyed = "rooms" | "timelines" | "activity" | "presence" | "typing" | "pending";

function put<K extends Keyed>(
  state: ChatState,
  part: K,
  key: string,
  value: ChatState[K][string],
): ChatState {
  return state[part][key] === value ? state : { ...state, [part]: { ...state[part], [key]: value } };
}

function byRoom(events: readonly ChatEvent[]): Map<string, ChatEvent[]> {
  const groups = new Map<string, ChatEvent[]>();
  for (const event of events) {
    const group = groups.get(event.room);
    if (group) group.push(event);
    else groups.set(event.room, [event]);
  }
  return groups;
}

function byId(rooms: readonly Room[]): By<Room> {
  return Object.fromEntries(rooms.map((room) => [room.id, room]));
}

function namesOf(users: By<{ name: string }>): By<string> {
  return Object.fromEntries(Object.entries(users).map(([id, user]) => [id, user.name]));
}
