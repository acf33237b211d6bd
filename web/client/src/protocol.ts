/** The frames of the WebSocket protocol `roomlog.v1.json`, as TypeScript types. */

export const SUBPROTOCOL = "roomlog.v1.json";

export type PresenceState = "online" | "away";
export type RoomKind = "public" | "private" | "direct" | "group";
export type Role = "owner" | "moderator" | "member";
/** What members read: all of a room, or what came since they joined. */
export type History = "all" | "joined";
/** Settings of a room, as they are changed: what is left out stays. */
export interface RoomSettings {
  archived?: boolean;
  read_only?: boolean;
  history?: History;
  /** What links lead to is shown under messages. */
  link_previews?: boolean;
  /** Seconds between two messages of one member; 0: no limit. */
  slow_mode_s?: number;
}
/** A role in a workspace. */
export type WorkspaceRole = Role | "admin" | "guest";

/** A file that belongs to a message, by the id under which the API serves it. */
export interface Attachment {
  file_id: string;
  name: string;
  media_type: string;
  size_bytes: number;
  /** Of an image, in pixels as it is shown; 0 or missing: not known. */
  width?: number;
  height?: number;
}

/** A durable event of a room. `prev` is the cursor of the event before it in the same room. */
export interface ChatEvent {
  op: "event";
  room: string;
  cursor: string;
  prev?: string | null;
  type: string;
  id: string;
  sender: string;
  ts: string;
  key?: string;
  d: Record<string, unknown>;
}

export interface Limits {
  frame_bytes: number;
  text_chars: number;
  rooms_per_socket: number;
}

export interface Hello {
  op: "hello";
  node: string;
  user: string;
  session?: string;
  ping_ms: number;
  limits: Limits;
}

export interface Ack {
  op: "ack";
  id: number;
  event?: string;
  cursor?: string;
  room?: string;
}

export interface ErrorReply {
  op: "error";
  id?: number;
  code: string;
  retryable?: boolean;
  retry_after_ms?: number;
  /** When what holds ends by itself (`muted`, `slow_mode`). */
  until?: string;
  message?: string;
}

export interface CaughtUp {
  op: "caught_up";
  room: string;
  cursor: string;
}

export interface Reset {
  op: "reset";
  room: string;
  reason: string;
}

export interface Typing {
  op: "typing";
  room: string;
  user: string;
}

export interface PresenceDiff {
  joined?: string[];
  left?: string[];
  away?: string[];
}

export interface Presence {
  op: "presence";
  room: string;
  state?: Record<string, PresenceState>;
  diff?: PresenceDiff;
}

/** Something that concerns this person: a mention, a message in a direct room, an invitation. */
export interface PersonalNotice {
  kind: "mention" | "direct" | "invite";
  room: string;
  event: string;
  cursor: string;
  sender: string;
  ts: string;
  /** The first 140 characters, where it is about a message. */
  text?: string;
}

/** This person's read marker of a room moved, here or on another device. */
export interface ReadNotice {
  kind: "read";
  room: string;
  cursor: string;
}

/** A webhook that this person made is paused, because its receiver did not take what was sent. */
export interface PausedNotice {
  kind: "webhook_paused";
  room: string;
  cursor: string;
  /** An id of this pause. */
  event: string;
  text?: string;
}

/** This person read notifications, here or on another device. */
export interface NotificationsReadNotice {
  kind: "notifications_read";
  events: string[];
}

/** What is still heard of a muted room. */
export type MuteLevel = "mentions" | "nothing";

/** This person muted a room, here or on another device; without a level it is not muted any more. */
export interface MuteNotice {
  kind: "mute";
  room: string;
  level?: MuteLevel;
  /** Not there: until it is unmuted. */
  until?: string;
}

/** Somebody asked this person to be friends, or they are friends now. */
export interface FriendNotice {
  kind: "friend_request" | "friend_accepted";
  event: string;
  /** The other of the two. */
  sender: string;
  ts: string;
}

/** Somebody invited the address of this person's account into a workspace. */
export interface WorkspaceInviteNotice {
  kind: "workspace_invite";
  /** The invite's id. */
  event: string;
  sender: string;
  ts: string;
}

export type Notice =
  | PersonalNotice
  | ReadNotice
  | PausedNotice
  | NotificationsReadNotice
  | MuteNotice
  | FriendNotice
  | WorkspaceInviteNotice;

/** On every socket of the person it is for. */
export interface Notify {
  op: "notify";
  d: Notice;
}

export interface Reconnect {
  op: "reconnect";
  within_ms: number;
}

export interface Pong {
  op: "pong";
}

export type ServerFrame =
  Hello | Ack | ErrorReply | ChatEvent | CaughtUp | Reset | Typing | Presence | Notify | Reconnect | Pong;

interface Keyed {
  room: string;
  key: string;
}

/** Commands that take effect once per key, however often they are sent. */
export type KeyedCommand =
  | (Keyed & {
      op: "send";
      text: string;
      reply_to?: string;
      /** Files of one's own, as `POST /files` answered them; only the id counts. */
      attachments?: Pick<Attachment, "file_id">[];
      mentions?: string[];
    })
  | (Keyed & { op: "edit"; event: string; text: string })
  | (Keyed & { op: "delete" | "undelete" | "pin" | "unpin"; event: string })
  | (Keyed & { op: "react" | "unreact"; event: string; emoji: string })
  | (Keyed & { op: "join" | "leave" })
  | (Keyed & { op: "invite" | "kick"; user: string })
  | (Keyed & { op: "role"; user: string; role: Role })
  | (Keyed & { op: "rename" } & (
        | { name: string; topic?: undefined; language?: undefined }
        | { topic: string; name?: undefined; language?: undefined }
        | { language: string; name?: undefined; topic?: undefined }
      ))
  | (Keyed & { op: "settings" } & RoomSettings)
  | (Keyed & { op: "mute_member"; user: string; until?: string; reason?: string })
  | (Keyed & { op: "ban"; user: string; reason?: string })
  | (Keyed & { op: "unmute_member" | "unban"; user: string })
  | (Keyed & { op: "filter"; words: string; action?: "refuse" | "mask" | "flag" })
  | (Keyed & { op: "report"; event: string; reason: string })
  | (Keyed & {
      op: "resolve";
      event: string;
      action: "dismissed" | "deleted" | "muted" | "removed" | "banned";
      note?: string;
    })
  | { op: "create"; key: string; name: string; kind: RoomKind; members?: string[]; workspace?: string };

/** Everything up to the cursor is read. Markers only go forward, so sending it again changes nothing. */
export interface ReadCommand {
  op: "read";
  room: string;
  cursor: string;
}

/** What concerns nobody but this person; the newest of each counts. */
export type OwnCommand =
  | { op: "read_notifications"; events: string[] }
  | { op: "mute"; room: string; level?: MuteLevel; until?: string }
  | { op: "unmute"; room: string };

/** Commands that are sent until they are answered: repeating them has no second effect. */
export type RepeatableCommand = KeyedCommand | ReadCommand | OwnCommand;

/** Commands about this connection alone. */
export type PlainCommand =
  | { op: "sub"; room: string; cursor?: string }
  | { op: "unsub"; room: string }
  | { op: "typing"; room: string }
  | { op: "presence"; state: PresenceState }
  | { op: "auth"; token: string }
  | { op: "ping" };

export type Outgoing = (RepeatableCommand | PlainCommand) & { id?: number };

/** Split a text frame into its JSON objects, one per line; a line that is not JSON is skipped. */
export function parseFrame(data: string): ServerFrame[] {
  const frames: ServerFrame[] = [];
  for (const line of data.split("\n")) {
    if (line.trim() === "") continue;
    try {
      frames.push(JSON.parse(line) as ServerFrame);
    } catch {
      // One broken line must not cost the rest of the frame; `prev` shows if an event was in it.
    }
  }
  return frames;
}

/** Join commands to text frames of at most `maxBytes` each; a single larger one goes alone. */
export function packFrames(commands: readonly Outgoing[], maxBytes: number): string[] {
  const encoder = new TextEncoder();
  const frames: string[] = [];
  let lines: string[] = [];
  let bytes = 0;
  for (const command of commands) {
    const line = JSON.stringify(command);
    const size = encoder.encode(line).length + 1;
    if (lines.length > 0 && bytes + size > maxBytes) {
      frames.push(lines.join("\n"));
      lines = [];
      bytes = 0;
    }
    lines.push(line);
    bytes += size;
  }
  if (lines.length > 0) frames.push(lines.join("\n"));
  return frames;
}
