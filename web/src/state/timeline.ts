/** One room's history as it is on the screen: a pure fold over pages from REST and live events. */

import type { Attachment, ChatEvent } from "@roomlog/client";

export interface Reaction {
  emoji: string;
  users: string[];
}

export interface MessageItem {
  kind: "message";
  id: string;
  cursor: string;
  sender: string;
  at: number;
  text: string;
  replyTo: string | null;
  edited: boolean;
  deleted: boolean;
  reactions: Reaction[];
  /** The ids of those whom it mentions. */
  mentions: readonly string[];
  /** How many messages answer it. */
  replies: number;
  /** It was deleted before it came here: what it said is not known. */
  withheld: boolean;
  /** Who deleted it, as far as that was seen here. */
  deletedBy: string | null;
  attachments: readonly Attachment[];
}

/** A small grey line: who joined, left, created or renamed. `detail` is a new name, topic or role. */
export interface NoticeItem {
  kind: "notice";
  id: string;
  cursor: string;
  sender: string;
  at: number;
  what: string;
  user: string;
  detail: string;
}

export type TimelineItem = MessageItem | NoticeItem;

export interface Timeline {
  status: "loading" | "ready" | "failed";
  items: readonly TimelineItem[];
  /** A number for the first item that stays right when older ones are put before it. */
  firstIndex: number;
  hasMore: boolean;
  /** The items end before the newest one, because the reader went to a place far up: what comes in is not among them. */
  hasNewer: boolean;
  error: string | null;
}

/** A message as REST answers it. */
export interface ApiMessage {
  id: string;
  cursor: string;
  sender: string;
  ts: string;
  text?: unknown;
  reply_to?: string | null;
  edited_at?: string | null;
  deleted_at?: string | null;
  reactions?: { emoji: string; users?: string[]; count?: number }[] | null;
  mentions?: string[] | null;
  thread?: { count?: number } | null;
  attachments?: unknown;
}

const FIRST_INDEX = 1_000_000_000;
/** Beyond this many items the oldest quarter is let go; scrolling up fetches it again. */
const KEEP = 20_000;
const NOTICES = new Set([
  "RoomCreated",
  "RoomRenamed",
  "RoomTopicChanged",
  "RoomLanguageChanged",
  "RoomSettingsChanged",
  "MemberJoined",
  "MemberLeft",
  "MemberInvited",
  "MemberRemoved",
  "MemberRoleChanged",
  "HookCreated",
  "HookRevoked",
  "MemberMuted",
  "MemberUnmuted",
  "MemberUnbanned",
]);

export const LOADING: Timeline = {
  status: "loading",
  items: [],
  firstIndex: FIRST_INDEX,
  hasMore: false,
  hasNewer: false,
  error: null,
};

/** Turn a message of REST into an item. */
export function fromApi(message: ApiMessage): MessageItem {
  return {
    kind: "message",
    id: message.id,
    cursor: message.cursor,
    sender: message.sender,
    at: Date.parse(message.ts),
    text: readText(message.text),
    replyTo: message.reply_to ?? null,
    edited: message.edited_at != null,
    deleted: message.deleted_at != null,
    reactions: (message.reactions ?? []).map(({ emoji, users }) => ({ emoji, users: users ?? [] })),
    mentions: readIds(message.mentions),
    replies: message.thread?.count ?? 0,
    withheld: message.deleted_at != null,
    deletedBy: null,
    attachments: readFiles(message.attachments),
  };
}

/** Show a message as REST has it now, where the history has it. */
export function replaceMessage(timeline: Timeline, message: ApiMessage): Timeline {
  const items = timeline.items.map((item) => (item.id === message.id ? fromApi(message) : item));
  return { ...timeline, items };
}

/** Show a page, the newest one or one further up; what was on the screen before is replaced. */
export function showPage(
  messages: readonly ApiMessage[],
  hasMore: boolean,
  hasNewer: boolean = false,
): Timeline {
  const items = messages.map(fromApi);
  return { status: "ready", items, firstIndex: FIRST_INDEX, hasMore, hasNewer, error: null };
}

/** Put an older page before what is there; items that are there already are left out. */
export function prependPage(timeline: Timeline, messages: readonly ApiMessage[], hasMore: boolean): Timeline {
  const known = new Set(timeline.items.map((item) => item.id));
  const older = messages.filter((message) => !known.has(message.id)).map(fromApi);
  const items = [...older, ...timeline.items];
  return { ...timeline, items, firstIndex: timeline.firstIndex - older.length, hasMore };
}

/** Put a newer page after what is there, which does not reach to the newest item. */
export function appendPage(timeline: Timeline, messages: readonly ApiMessage[], hasNewer: boolean): Timeline {
  if (!timeline.hasNewer) return timeline;
  const known = new Set(timeline.items.map((item) => item.id));
  const newer = messages.filter((message) => !known.has(message.id)).map(fromApi);
  return trim({ ...timeline, items: [...timeline.items, ...newer], hasNewer });
}

/** Fold live events in log order into the timeline; an event that is there already changes nothing. */
export function applyEvents(timeline: Timeline, events: readonly ChatEvent[]): Timeline {
  const items = [...timeline.items];
  const places = new Map(items.map((item, index) => [item.id, index]));
  for (const event of events) {
    const item = itemOf(event);
    if (item === null) amend(items, places, event);
    else if (!places.has(item.id) && !timeline.hasNewer) {
      places.set(item.id, items.push(item) - 1);
      if (item.kind === "message" && item.replyTo !== null) countReply(items, places, item.replyTo);
    }
  }
  return trim({ ...timeline, items });
}

function trim(timeline: Timeline): Timeline {
  if (timeline.items.length <= KEEP) return timeline;
  const surplus = KEEP / 4;
  const items = timeline.items.slice(surplus);
  return { ...timeline, items, firstIndex: timeline.firstIndex + surplus, hasMore: true };
}

function itemOf(event: ChatEvent): TimelineItem | null {
  const { id, cursor, sender, d } = event;
  const common = { id, cursor, sender, at: Date.parse(event.ts) };
  if (event.type === "MessagePosted") {
    const replyTo = readText(d.reply_to) || null;
    const mentions = readIds(d.mentions);
    const untouched = { edited: false, deleted: false, reactions: [], replies: 0, withheld: false };
    const text = readText(d.text);
    const attachments = readFiles(d.attachments);
    return {
      kind: "message",
      ...common,
      text,
      replyTo,
      mentions,
      attachments,
      ...untouched,
      deletedBy: null,
    };
  }
  if (!NOTICES.has(event.type)) return null;
  const detail =
    readText(d.name) ||
    readText(d.topic) ||
    readText(d.role) ||
    readText(d.language) ||
    (d.banned === true ? "banned" : "");
  return {
    kind: "notice",
    ...common,
    what: event.type,
    user: readText(d.user) || readText(d.hook_id) || sender,
    detail,
  };
}

function amend(items: TimelineItem[], places: ReadonlyMap<string, number>, event: ChatEvent): void {
  const place = places.get(readText(event.d.event));
  const item = place === undefined ? undefined : items[place];
  if (place === undefined || item?.kind !== "message") return;
  items[place] = amended(item, event);
}

function countReply(items: TimelineItem[], places: ReadonlyMap<string, number>, answered: string): void {
  const place = places.get(answered);
  const item = place === undefined ? undefined : items[place];
  if (place === undefined || item?.kind !== "message") return;
  items[place] = { ...item, replies: item.replies + 1 };
}

/** A message after an event that names it. What a deleted one said is kept, for when it is restored. */
export function amended(item: MessageItem, event: Pick<ChatEvent, "type" | "sender" | "d">): MessageItem {
  switch (event.type) {
    case "MessageEdited":
      return item.deleted ? item : { ...item, text: readText(event.d.text), edited: true };
    case "MessageDeleted":
      return item.deleted ? item : { ...item, deleted: true, deletedBy: event.sender };
    case "MessageRestored":
      return item.withheld ? item : { ...item, deleted: false, deletedBy: null };
    case "ReactionAdded":
      return {
        ...item,
        reactions: withReaction(item.reactions, readText(event.d.emoji), event.sender, true),
      };
    case "ReactionRemoved":
      return {
        ...item,
        reactions: withReaction(item.reactions, readText(event.d.emoji), event.sender, false),
      };
    default:
      return item;
  }
}

function withReaction(reactions: readonly Reaction[], emoji: string, user: string, on: boolean): Reaction[] {
  const users = reactions.find((reaction) => reaction.emoji === emoji)?.users ?? [];
  const others = users.filter((each) => each !== user);
  const changed: Reaction = { emoji, users: on ? [...others, user] : others };
  const exists = reactions.some((reaction) => reaction.emoji === emoji);
  const next = exists
    ? reactions.map((each) => (each.emoji === emoji ? changed : each))
    : [...reactions, changed];
  return next.filter((reaction) => reaction.users.length > 0);
}

/** Whatever a peer put there, only a string is text. */
function readText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function readIds(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

/** What a message says where only words have room: of one without words, the names of its files. */
export function wordsOf({ text, attachments }: Pick<MessageItem, "text" | "attachments">): string {
  return text === "" ? attachments.map((file) => file.name).join(", ") : text;
}

const NO_FILES: readonly Attachment[] = [];

function readFiles(value: unknown): readonly Attachment[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isFile) : NO_FILES;
}

function isFile(value: unknown): value is Attachment {
  const file = value as Partial<Attachment> | null;
  return typeof file?.file_id === "string" && typeof file.name === "string";
}
