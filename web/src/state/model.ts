/** The state of a signed-in session, what can happen to it, and how one part of it is replaced. */

import type { ChatEvent, ConnectionState, Presence } from "@roomlog/client";
import type { Change } from "./changes";
import type { Members } from "./members";
import type { PendingMessage } from "./pending";
import { NOBODY } from "./people";
import type { People } from "./people";
import type { Pins } from "./pins";
import type { RoomPresence, RoomTyping } from "./presence";
import type { Room } from "./rooms";
import { LOADING } from "./timeline";
import type { ApiMessage, MessageItem, Timeline } from "./timeline";
import type { Scheduled } from "./scheduled";
import type { Toast } from "./toasts";
import { QUIET } from "./unread";
import type { CountedRoom, Mute, RoomActivity } from "./unread";
import type { Workspace } from "./workspaces";

export type By<T> = Readonly<Record<string, T>>;

export interface Connection {
  state: ConnectionState;
  node: string | null;
  reason: string | null;
}

export interface ChatState {
  me: string;
  connection: Connection;
  /** One's workspaces by name, and the one on the screen; null is the one that everybody is in. */
  workspaces: readonly Workspace[];
  workspace: string | null;
  roomsLoaded: boolean;
  rooms: By<Room>;
  timelines: By<Timeline>;
  activity: By<RoomActivity>;
  /** Rooms of which the person wants to hear less. */
  mutes: By<Mute>;
  /** How many notifications are unread. */
  notifications: number;
  presence: By<RoomPresence>;
  typing: By<RoomTyping>;
  pending: By<readonly PendingMessage[]>;
  /** By room: what was done to messages and is on its way. */
  changes: By<readonly Change[]>;
  /** By room, for those that were opened. */
  members: By<Members>;
  /** By room, for those that were opened. */
  pins: By<Pins>;
  scheduled: readonly Scheduled[];
  names: By<string>;
  /** Who of them is no person: the bots that other systems post as. */
  bots: By<true>;
  people: People;
  /** Messages that answers on the screen quote and that are not in their timeline; null for one that is gone. */
  quotes: By<MessageItem | null>;
  toasts: readonly Toast[];
  /** The room on the screen, whether anybody looks at the screen, and whether the room's newest row is there. */
  openRoom: string | null;
  visible: boolean;
  atEnd: boolean;
}

export type Action =
  | { type: "connection"; connection: Connection }
  | { type: "workspaces"; workspaces: readonly Workspace[] }
  | { type: "workspace"; workspace: string | null }
  | { type: "workspace_event"; event: ChatEvent }
  | { type: "people"; people: People }
  | { type: "rooms"; rooms: readonly Room[] }
  | { type: "rooms_loaded" }
  | { type: "room_gone"; room: string }
  | { type: "names"; users: By<{ name: string; bot?: boolean }> }
  | { type: "quote"; id: string; message: ApiMessage | null }
  | { type: "timeline_loading"; room: string }
  | { type: "timeline_failed"; room: string; error: string }
  | { type: "page"; room: string; messages: readonly ApiMessage[]; hasMore: boolean; hasNewer?: boolean }
  | { type: "newer_page"; room: string; messages: readonly ApiMessage[]; hasNewer: boolean }
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
  | { type: "changing"; room: string; change: Change }
  | { type: "changed"; room: string; key: string; event: string | null }
  | { type: "change_failed"; room: string; key: string }
  | { type: "message"; room: string; message: ApiMessage }
  | { type: "scheduled"; items: readonly Scheduled[] }
  | { type: "pins"; room: string; pins: Pins }
  | { type: "members"; room: string; members: Members }
  | { type: "unread"; rooms: readonly CountedRoom[] }
  | { type: "muted"; room: string; mute: Mute | null }
  | { type: "notifications"; unread: number }
  | { type: "marked"; room: string; cursor: string }
  | { type: "toast"; toast: Toast }
  | { type: "toast_closed"; id: string }
  | { type: "open_room"; room: string | null }
  | { type: "visible"; visible: boolean }
  | { type: "at_end"; room: string; atEnd: boolean };

export function initialState(me: { id: string; name: string }): ChatState {
  return {
    me: me.id,
    connection: { state: "connecting", node: null, reason: null },
    workspaces: [],
    workspace: null,
    roomsLoaded: false,
    rooms: {},
    timelines: {},
    activity: {},
    mutes: {},
    notifications: 0,
    presence: {},
    typing: {},
    pending: {},
    changes: {},
    members: {},
    pins: {},
    scheduled: [],
    names: { [me.id]: me.name },
    bots: {},
    people: NOBODY,
    quotes: {},
    toasts: [],
    openRoom: null,
    visible: true,
    atEnd: true,
  };
}

const NO_CHANGES: readonly Change[] = [];

export function withTimeline(
  state: ChatState,
  room: string,
  change: (before: Timeline) => Timeline,
): ChatState {
  return put(state, "timelines", room, change(state.timelines[room] ?? LOADING));
}

export function withPending(
  state: ChatState,
  room: string,
  change: (list: readonly PendingMessage[]) => readonly PendingMessage[],
): ChatState {
  return put(state, "pending", room, change(state.pending[room] ?? []));
}

export function withChanges(
  state: ChatState,
  room: string,
  change: (list: readonly Change[]) => readonly Change[],
): ChatState {
  const before = state.changes[room];
  const after = change(before ?? NO_CHANGES);
  return after === NO_CHANGES ? state : put(state, "changes", room, after);
}

export function withActivity(
  state: ChatState,
  room: string,
  change: (before: RoomActivity) => RoomActivity,
): ChatState {
  const before = state.activity[room] ?? QUIET;
  const after = change(before);
  return after === before ? state : put(state, "activity", room, after);
}

type Keyed =
  "rooms" | "timelines" | "activity" | "presence" | "typing" | "pending" | "changes" | "members" | "pins";

export function put<K extends Keyed>(
  state: ChatState,
  part: K,
  key: string,
  value: ChatState[K][string],
): ChatState {
  return state[part][key] === value ? state : { ...state, [part]: { ...state[part], [key]: value } };
}
