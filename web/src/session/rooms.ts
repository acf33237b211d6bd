import { CommandFailed, newKey } from "@roomlog/client";
import type { Role, RoomKind, RoomlogClient, RoomSettings } from "@roomlog/client";
import type { ChatApi, RoomStats, User } from "../api/chat";
import type { Members } from "../state/members";
import type { Action, ChatState } from "../state/model";
import type { Room } from "../state/rooms";
import type { Store } from "../state/store";
import { explain } from "./explain";

const ROOMS_PAGE = 100;
const MOST_ROOMS = 400;
const MEMBERS_PAGE = 1_000;
const MOST_MEMBERS = 5_000;

/** What a person does with rooms and their members, and what is known of them. */
export class Rooms {
  constructor(
    private readonly client: RoomlogClient,
    private readonly api: ChatApi,
    private readonly store: Store<ChatState, Action>,
    /** Show a room's history once the read model has reached the cursor. */
    private readonly showHistory: (room: string, afterCursor: string | null) => Promise<void>,
  ) {}

  /** Load and follow one's rooms; raises ApiError. */
  async load(): Promise<void> {
    let after: string | null = null;
    let count = 0;
    do {
      const page = await this.api.rooms({ mine: true, limit: ROOMS_PAGE, after });
      this.store.dispatch({ type: "rooms", rooms: page.items });
      for (const room of page.items) this.follow(room.id, room.last_cursor);
      after = page.next;
      count += page.items.length;
    } while (after !== null && count < MOST_ROOMS);
    this.store.dispatch({ type: "rooms_loaded" });
  }

  /** Look a room up, once the read model has reached the cursor; null where it is not shown to the person. */
  async fetch(id: string, afterCursor: string | null = null): Promise<Room | null> {
    try {
      const room = await this.api.room(id, afterCursor);
      this.store.dispatch({ type: "rooms", rooms: [room] });
      return room;
    } catch (error) {
      this.store.dispatch({ type: "timeline_failed", room: id, error: explain(error) });
      return null;
    }
  }

  /** A room became the person's by somebody else's hand: list it and follow it from the cursor on. */
  async appear(id: string, cursor: string): Promise<void> {
    if (this.store.get().rooms[id]?.is_member) return;
    const room = await this.fetch(id, cursor);
    if (room?.is_member) this.follow(id, cursor);
  }

  /** How lively a room is; raises ApiError. */
  stats(room: string): Promise<RoomStats> {
    return this.api.stats(room);
  }

  async join(room: string): Promise<void> {
    const ack = await this.client.command({ op: "join", room, key: newKey() });
    const known = this.store.get().rooms[room];
    if (known) this.store.dispatch({ type: "rooms", rooms: [{ ...known, is_member: true, role: "member" }] });
    await this.showHistory(room, ack.cursor ?? null);
    await Promise.all([this.fetch(room), this.loadMembers(room)]);
  }

  async leave(room: string): Promise<void> {
    await this.client.command({ op: "leave", room, key: newKey() });
    this.gone(room);
  }

  /** The person is not in the room any more. */
  gone(room: string): void {
    this.client.unsubscribe(room);
    this.store.dispatch({ type: "room_gone", room });
  }

  /** Create a room and return its id; `key` makes a repeated attempt the same room. */
  async create(name: string, kind: RoomKind, key: string, members: string[] = []): Promise<string> {
    const { workspace } = this.store.get();
    const place = workspace === null ? {} : { workspace };
    const ack = await this.client.command({ op: "create", key, name, kind, members, ...place });
    if (!ack.room)
      throw new CommandFailed("unavailable", "The server did not name the new room. Reload the page.");
    const { room } = ack;
    // A direct room may have been there before, under the name that it got then.
    if (kind === "direct") await this.fetch(room, ack.cursor ?? null);
    else
      this.store.dispatch({ type: "rooms", rooms: [made(room, name, kind, workspace, members.length + 1)] });
    await this.showHistory(room, ack.cursor ?? null);
    return room;
  }

  /** Open the conversation between two; return its room. */
  direct(user: string): Promise<string> {
    const { me, names } = this.store.get();
    const name = `${names[me] ?? "Someone"} & ${names[user] ?? "someone"}`;
    return this.create(name.slice(0, 80), "direct", newKey(), [user]);
  }

  async invite(room: string, user: string): Promise<void> {
    await this.client.command({ op: "invite", room, key: newKey(), user });
  }

  async remove(room: string, user: string): Promise<void> {
    await this.client.command({ op: "kick", room, key: newKey(), user });
  }

  async setRole(room: string, user: string, role: Role): Promise<void> {
    await this.client.command({ op: "role", room, key: newKey(), user, role });
  }

  async rename(room: string, name: string): Promise<void> {
    await this.client.command({ op: "rename", room, key: newKey(), name });
  }

  async setSettings(room: string, settings: RoomSettings): Promise<void> {
    await this.client.command({ op: "settings", room, key: newKey(), ...settings });
  }

  async setTopic(room: string, topic: string): Promise<void> {
    await this.client.command({ op: "rename", room, key: newKey(), topic });
  }

  async setLanguage(room: string, language: string): Promise<void> {
    await this.client.command({ op: "rename", room, key: newKey(), language });
  }

  search(q: string, after: string | null, signal: AbortSignal) {
    return this.api.rooms({ q, after, limit: 30 }, this.place, signal);
  }

  async searchPeople(q: string, signal: AbortSignal): Promise<User[]> {
    const found = await this.api.searchUsers(q, this.place, signal);
    this.store.dispatch({ type: "names", users: Object.fromEntries(found.map((user) => [user.id, user])) });
    return found;
  }

  /** Load who is in the room, up to a few thousand; raises ApiError. */
  async loadMembers(room: string): Promise<void> {
    const members: Record<string, Role> = {};
    let after: string | null = null;
    let count = 0;
    do {
      const page = await this.api.members(room, { limit: MEMBERS_PAGE, after });
      this.store.dispatch({ type: "names", users: page.users });
      for (const { user, role } of page.items) members[user] = role;
      after = page.next;
      count += page.items.length;
    } while (after !== null && count < MOST_MEMBERS);
    this.store.dispatch({ type: "members", room, members: members satisfies Members });
  }

  /** The workspace on the screen, as requests name it. */
  private get place(): string {
    return this.store.get().workspace ?? "default";
  }

  /** Follow a room for its unread count and presence; a room on the screen is followed by its timeline. */
  private follow(room: string, cursor: string | null): void {
    if (this.store.get().timelines[room]?.status !== "ready") this.client.subscribe(room, cursor);
  }
}

function made(id: string, name: string, kind: RoomKind, workspace: string | null, members: number): Room {
  const settings = { archived: false, read_only: false, history: "all", slow_mode_s: 0 } as const;
  const own = { is_member: true, role: "owner", muted_until: null, last_cursor: null } as const;
  return { id, name, kind, workspace, topic: null, members, ...settings, ...own };
}
