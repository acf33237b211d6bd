/** The one reducer over everything that happens to a signed-in session. */

import type { ChatEvent } from "@roomlog/client";
import { dropChange, storedChange, unstored } from "./changes";
import { applyToMembers } from "./members";
import { put, withActivity, withChanges, withPending, withTimeline } from "./model";
import type { Action, By, ChatState } from "./model";
import * as pending from "./pending";
import { applyToPins } from "./pins";
import { applyPresence, dropStale, startTyping, stopTyping } from "./presence";
import { isLookedAt, look, messagesAfter } from "./reading";
import { applyToRoom } from "./rooms";
import type { Room } from "./rooms";
import { appendPage, applyEvents, fromApi, prependPage, replaceMessage, showPage } from "./timeline";
import type { Timeline } from "./timeline";
import { addToast } from "./toasts";
import * as unread from "./unread";
import type { CountedRoom } from "./unread";
import { applyToWorkspaces } from "./workspaces";

export function reduce(state: ChatState, action: Action): ChatState {
  switch (action.type) {
    case "connection":
      return { ...state, connection: action.connection };
    case "workspaces":
      return { ...state, workspaces: action.workspaces };
    case "workspace":
      return { ...state, workspace: action.workspace };
    case "workspace_event":
      return { ...state, workspaces: applyToWorkspaces(state.workspaces, action.event, state.me) };
    case "rooms":
      return { ...state, rooms: { ...state.rooms, ...byId(action.rooms) } };
    case "rooms_loaded":
      return { ...state, roomsLoaded: true };
    case "room_gone":
      return withoutRoom(state, action.room);
    case "names":
      return {
        ...state,
        names: { ...state.names, ...namesOf(action.users) },
        bots: withBots(state.bots, action.users),
      };
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
      return showInstead(state, action.room, showPage(action.messages, action.hasMore, action.hasNewer));
    case "newer_page":
      return withTimeline(state, action.room, (before) =>
        appendPage(before, action.messages, action.hasNewer),
      );
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
    case "changing":
      return withChanges(state, action.room, (list) => [...list, action.change]);
    case "changed":
      return withChanges(state, action.room, (list) => storedChange(list, action.key, action.event));
    case "change_failed":
      return withChanges(state, action.room, (list) => dropChange(list, action.key));
    case "message":
      return withTimeline(state, action.room, (before) => replaceMessage(before, action.message));
    case "scheduled":
      return { ...state, scheduled: action.items };
    case "pins":
      return put(state, "pins", action.room, action.pins);
    case "people":
      return { ...state, people: action.people };
    case "members":
      return put(state, "members", action.room, action.members);
    case "unread":
      return action.rooms.reduce(countedByServer, { ...state, mutes: mutesOf(action.rooms) });
    case "muted": {
      const mutes: Record<string, unread.Mute> = { ...state.mutes };
      if (action.mute === null) delete mutes[action.room];
      else mutes[action.room] = action.mute;
      return { ...state, mutes };
    }
    case "notifications":
      return { ...state, notifications: action.unread };
    case "marked":
      return withActivity(state, action.room, (before) =>
        unread.marked(before, action.cursor, messagesAfter(state, action.room, action.cursor), state.me),
      );
    case "toast":
      return { ...state, toasts: addToast(state.toasts, action.toast) };
    case "toast_closed":
      return { ...state, toasts: state.toasts.filter((each) => each.id !== action.id) };
    case "open_room":
      return look(state, { openRoom: action.room, atEnd: true });
    case "visible":
      return look(state, { visible: action.visible });
    case "at_end":
      return action.room === state.openRoom ? look(state, { atEnd: action.atEnd }) : state;
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
  const fresh = unread.newIn(next.activity[room] ?? unread.QUIET, events);
  if (known) next = put(next, "rooms", room, applyToRoom(known, fresh, state.me));
  const timeline = next.timelines[room];
  if (timeline?.status === "ready") next = put(next, "timelines", room, applyEvents(timeline, events));
  next = withPending(next, room, (list) => pending.settle(list, events, state.me));
  next = withChanges(next, room, (list) => pending.settle(list, events, state.me));
  const members = next.members[room];
  if (members) next = put(next, "members", room, applyToMembers(members, events));
  const pins = next.pins[room];
  if (pins) next = put(next, "pins", room, applyToPins(pins, events));
  const writers = events.filter((event) => event.type === "MessagePosted").map((event) => event.sender);
  next = put(next, "typing", room, stopTyping(next.typing[room] ?? {}, writers));
  const looked = isLookedAt(next, room);
  const { blocked } = state.people;
  return withActivity(next, room, (before) => unread.arrive(before, fresh, state.me, looked, blocked));
}

function mutesOf(rooms: readonly CountedRoom[]): By<unread.Mute> {
  return Object.fromEntries(rooms.flatMap(({ room, mute }) => (mute ? [[room, mute]] : [])));
}

function countedByServer(state: ChatState, room: CountedRoom): ChatState {
  const looked = isLookedAt(state, room.room);
  return withActivity(state, room.room, (before) => unread.fromServer(before, room, looked));
}

function showInstead(state: ChatState, room: string, timeline: Timeline): ChatState {
  const shown = timeline.items.map((item) => ({ id: item.id, sender: item.sender }));
  let next = withPending(state, room, (list) => pending.settle(list, shown, state.me));
  next = withChanges(next, room, unstored);
  return put(next, "timelines", room, timeline);
}

function tick(state: ChatState, now: number): ChatState {
  let next = state;
  for (const [room, typing] of Object.entries(state.typing))
    next = put(next, "typing", room, dropStale(typing, now));
  return next;
}

function withoutRoom(state: ChatState, room: string): ChatState {
  const known = state.rooms[room];
  return known ? put(state, "rooms", room, { ...known, is_member: false, role: null }) : state;
}

function isShown(state: ChatState, room: string, event: string): boolean {
  return state.timelines[room]?.items.some((item) => item.id === event) ?? false;
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

function withBots(bots: By<true>, users: By<{ bot?: boolean }>): By<true> {
  const found = Object.keys(users).filter((id) => users[id]?.bot && !bots[id]);
  return found.length === 0
    ? bots
    : { ...bots, ...Object.fromEntries(found.map((id) => [id, true as const])) };
}

function namesOf(users: By<{ name: string }>): By<string> {
  return Object.fromEntries(Object.entries(users).map(([id, user]) => [id, user.name]));
}
