/** The REST calls of the chat itself: rooms, history, people, nodes. */

import type { NodeAddress, PresenceState, RestClient, Role } from "@roomlog/client";
import type { Room } from "../state/rooms";
import type { ApiMessage } from "../state/timeline";
import type { UnreadRoom } from "../state/unread";

export interface User {
  id: string;
  name: string;
}

export type Users = Record<string, User>;

export interface MemberPage {
  items: { user: string; role: Role }[];
  users: Users;
  next: string | null;
}

export interface RoomPage {
  items: Room[];
  next: string | null;
}

export interface MessagePage {
  items: ApiMessage[];
  users: Users;
  /** Read before the items: everything up to here is in the room's read model. */
  cursor: string;
  has_more: boolean;
}

/** A text that a message had or has. */
export interface WrittenText {
  text: unknown;
  sender: string;
  ts: string;
  cursor: string;
}

export interface OneMessage extends ApiMessage {
  users: Users;
  /** Every text of an edited message, the first one first. */
  history: WrittenText[];
}

export interface ThreadPage {
  root: ApiMessage;
  items: ApiMessage[];
  users: Users;
  count: number;
  participants: string[];
  has_more: boolean;
}

export interface RoomStats {
  members: number;
  messages: number;
  deleted: number;
  messages_last_day: number;
  messages_last_week: number;
  senders_last_week: number;
  created_at: string;
  last_event_at: string;
}

export interface PinPage {
  items: { message: ApiMessage; by: string; ts: string }[];
  users: Users;
}

export interface RoomPresenceAnswer {
  state: Record<string, PresenceState>;
  users: Users;
}

interface RoomQuery {
  q?: string;
  mine?: boolean;
  limit?: number;
  after?: string | null;
}

/** A message that was found, and its text in pieces, those that match apart from the rest. */
export interface FoundMessage extends ApiMessage {
  room: string;
  highlights: { text: string; match: boolean }[];
}

export interface FoundPage {
  items: FoundMessage[];
  users: Users;
  rooms: Record<string, Pick<Room, "id" | "name" | "kind">>;
  next: string | null;
  /** How many events cannot be found yet: some only while the index is built. */
  behind: number;
}

export interface SearchQuery {
  q: string;
  room?: string;
  from?: string;
  has?: "link" | "file";
  since?: string;
  until?: string;
  sort?: "newest" | "relevance";
}

interface MessageQuery {
  before?: string;
  after?: string;
  around?: string;
  at?: string;
  limit?: number;
  /** Wait until the read model has reached this cursor of an own write. */
  after_cursor?: string | null;
}

export class ChatApi {
  constructor(private readonly rest: RestClient) {}

  /** Rooms by name: of a workspace where one is given, `default` for the one that everybody is in. */
  rooms(query: RoomQuery, workspace?: string, signal?: AbortSignal): Promise<RoomPage> {
    return this.rest.get("/rooms", { query: { ...query }, workspace, signal });
  }

  room(id: string, afterCursor: string | null = null): Promise<Room> {
    return this.rest.get(`/rooms/${encodeURIComponent(id)}`, { query: { after_cursor: afterCursor } });
  }

  messages(room: string, query: MessageQuery): Promise<MessagePage> {
    return this.rest.get(`/rooms/${encodeURIComponent(room)}/messages`, { query: { ...query } });
  }

  search(
    query: SearchQuery,
    after: string | null,
    workspace: string,
    signal?: AbortSignal,
  ): Promise<FoundPage> {
    return this.rest.get("/search", { query: { ...query, after, limit: 20 }, workspace, signal });
  }

  message(id: string, afterCursor: string | null = null): Promise<OneMessage> {
    const query = { after_cursor: afterCursor };
    return this.rest.get(`/messages/${encodeURIComponent(id)}`, { query });
  }

  /** A thread by any of its messages. */
  thread(id: string, query: { after?: string; limit: number }): Promise<ThreadPage> {
    return this.rest.get(`/messages/${encodeURIComponent(id)}/thread`, { query: { ...query } });
  }

  stats(room: string): Promise<RoomStats> {
    return this.rest.get(`/rooms/${encodeURIComponent(room)}/stats`);
  }

  pins(room: string, afterCursor: string | null = null): Promise<PinPage> {
    const query = { after_cursor: afterCursor };
    return this.rest.get(`/rooms/${encodeURIComponent(room)}/pins`, { query });
  }

  /** What is unread in the person's rooms; counted up to 1,000. */
  unread(): Promise<{ items: UnreadRoom[] }> {
    return this.rest.get("/unread");
  }

  members(room: string, query: { limit: number; after: string | null }): Promise<MemberPage> {
    return this.rest.get(`/rooms/${encodeURIComponent(room)}/members`, { query });
  }

  async searchUsers(q: string, workspace: string, signal: AbortSignal): Promise<User[]> {
    const query = { q, limit: 20 };
    const answer = await this.rest.get<{ items: User[] }>("/users", { query, workspace, signal });
    return answer.items;
  }

  presence(room: string): Promise<RoomPresenceAnswer> {
    return this.rest.get(`/rooms/${encodeURIComponent(room)}/presence`);
  }

  async users(ids: readonly string[]): Promise<Users> {
    const answer = await this.rest.get<{ items: User[] }>("/users", {
      query: { ids: ids.join(",") },
    });
    return Object.fromEntries(answer.items.map((user) => [user.id, user]));
  }

  async nodes(): Promise<NodeAddress[]> {
    const answer = await this.rest.get<{ nodes: NodeAddress[] }>("/ingest-nodes");
    return answer.nodes.map((node) => ({ name: node.name, url: reachable(node.url, location) }));
  }
}

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * A node's address as this page can reach it. A node on the API's own machine says `127.0.0.1`; the page may
 * have been opened under another name of that machine, and cookies belong to the name.
 */
export function reachable(url: string, page: Pick<Location, "hostname" | "protocol">): string {
  const address = new URL(url);
  if (LOOPBACK.has(address.hostname)) address.hostname = page.hostname;
  if (page.protocol === "https:" && address.protocol === "ws:") address.protocol = "wss:";
  return address.href;
}
