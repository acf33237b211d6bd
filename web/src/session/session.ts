import { CommandFailed, newKey, RoomlogClient } from "@roomlog/client";
import type { Ack, ChatEvent, ClientEvent, OpenSocket } from "@roomlog/client";
import type { Api } from "../api";
import { expiresIn } from "../api/auth";
import type { Me } from "../api/auth";
import { initialState, reduce } from "../state/chat";
import type { Action, ChatState } from "../state/chat";
import type { Room } from "../state/rooms";
import { createStore } from "../state/store";
import type { Store } from "../state/store";
import { Batch } from "./batch";
import { explain } from "./explain";
import { Messages } from "./messages";
import { Names } from "./names";

const PAGE = 50;
const ROOMS_PAGE = 100;
const MOST_ROOMS = 400;
const FRAME_MS = 16;
const TICK_MS = 1_000;
const AGAIN_MS = 2_000;
const RENEW_BEFORE_MS = 90_000;

export interface SessionOptions {
  preferredNode: string | null;
  onSignedOut(): void;
  openSocket?: OpenSocket;
}

/**
 * A signed-in person's chat: joins the connection, REST and the state, and offers what a person can do.
 * Nothing in here knows React.
 */
export class ChatSession {
  readonly store: Store<ChatState, Action>;
  /** Writing: sending, trying again, telling that one types. */
  readonly messages: Messages;
  private readonly client: RoomlogClient;
  private readonly names: Names;
  private readonly events: Batch<ChatEvent>;
  private readonly loadingOlder = new Set<string>();
  private stopped = false;
  private tick: ReturnType<typeof setInterval> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private renewal: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: Api,
    me: Me,
    private readonly options: SessionOptions,
  ) {
    this.store = createStore(reduce, initialState(me));
    this.names = new Names(api.chat, (users) => this.store.dispatch({ type: "names", users }));
    this.events = new Batch(FRAME_MS, (events) => this.store.dispatch({ type: "events", events }), true);
    this.client = new RoomlogClient({
      nodes: () => api.chat.nodes(),
      listener: (event) => this.receive(event),
      authorize: async () => (await api.auth.me()) !== null,
      preferredNode: options.preferredNode,
      openSocket: options.openSocket,
    });
    this.messages = new Messages(this.client, api.chat, this.store, () => this.events.flush());
  }

  start(): void {
    this.stopped = false;
    this.client.start();
    this.tick = setInterval(() => this.store.dispatch({ type: "tick", now: Date.now() }), TICK_MS);
    void this.loadRooms();
  }

  stop(): void {
    this.stopped = true;
    this.client.stop();
    this.names.stop();
    this.messages.stop();
    this.events.stop();
    clearInterval(this.tick);
    clearTimeout(this.again);
    clearTimeout(this.renewal);
  }

  // --- what the page tells

  nudge(): void {
    this.client.nudge();
  }

  setVisible(visible: boolean): void {
    this.store.dispatch({ type: "visible", visible });
    if (visible) this.client.nudge();
  }

  setAway(away: boolean): void {
    this.client.setPresence(away ? "away" : "online");
  }

  /** A new access token: tell the open socket, and renew again before it expires. */
  tokenRenewed(token: string): void {
    this.client.renew(token);
    const left = expiresIn(token, Date.now());
    clearTimeout(this.renewal);
    if (left === null || this.stopped) return;
    this.renewal = setTimeout(
      () => void this.api.auth.renew().catch(() => undefined),
      Math.max(5_000, left - RENEW_BEFORE_MS),
    );
  }

  wantName(user: string): void {
    if (!(user in this.store.get().names)) this.names.want(user);
  }

  // --- rooms

  async openRoom(room: string | null): Promise<void> {
    this.events.flush();
    this.store.dispatch({ type: "open_room", room });
    if (room === null) return;
    const known = this.store.get().rooms[room] ?? (await this.fetchRoom(room));
    if (known?.is_member) await this.showRoom(room);
  }

  async join(room: string): Promise<void> {
    const ack = await this.client.command({ op: "join", room, key: newKey() });
    await this.entered(room, ack);
  }

  async leave(room: string): Promise<void> {
    await this.client.command({ op: "leave", room, key: newKey() });
    this.client.unsubscribe(room);
    this.store.dispatch({ type: "room_gone", room });
  }

  /** Create a room and return its id; `key` makes a repeated attempt the same room. */
  async create(name: string, kind: "public" | "private", key: string): Promise<string> {
    const ack = await this.client.command({ op: "create", key, name, kind });
    if (!ack.room)
      throw new CommandFailed("unavailable", "The server did not name the new room. Reload the page.");
    const { room } = ack;
    const made: Room = { id: room, name, kind, topic: null, members: 1, is_member: true, last_cursor: null };
    this.store.dispatch({ type: "rooms", rooms: [made] });
    await this.loadTimeline(room, ack.cursor ?? null);
    return room;
  }

  searchRooms(q: string, after: string | null, signal: AbortSignal) {
    return this.api.chat.rooms({ q, after, limit: 30 }, signal);
  }

  /** Show the newest page of a room again, for instance after an error. */
  async loadTimeline(room: string, afterCursor: string | null = null): Promise<void> {
    this.store.dispatch({ type: "timeline_loading", room });
    try {
      const page = await this.api.chat.messages(room, { limit: PAGE, after_cursor: afterCursor });
      this.store.dispatch({ type: "names", users: page.users });
      this.store.dispatch({ type: "page", room, messages: page.items, hasMore: page.has_more });
      this.client.subscribe(room, page.cursor);
    } catch (error) {
      this.store.dispatch({ type: "timeline_failed", room, error: explain(error) });
    }
  }

  async loadOlder(room: string): Promise<void> {
    const timeline = this.store.get().timelines[room];
    const oldest = timeline?.items[0];
    if (!timeline?.hasMore || !oldest || this.loadingOlder.has(room)) return;
    this.loadingOlder.add(room);
    try {
      const page = await this.api.chat.messages(room, { before: oldest.cursor, limit: PAGE });
      this.store.dispatch({ type: "names", users: page.users });
      this.store.dispatch({ type: "older_page", room, messages: page.items, hasMore: page.has_more });
    } finally {
      this.loadingOlder.delete(room);
    }
  }

  // --- inner workings

  private async loadRooms(): Promise<void> {
    try {
      let after: string | null = null;
      let count = 0;
      do {
        const page = await this.api.chat.rooms({ mine: true, limit: ROOMS_PAGE, after });
        this.store.dispatch({ type: "rooms", rooms: page.items });
        for (const room of page.items) this.follow(room);
        after = page.next;
        count += page.items.length;
      } while (after !== null && count < MOST_ROOMS && !this.stopped);
      this.store.dispatch({ type: "rooms_loaded" });
    } catch {
      // The list is what everything starts from, so it is asked for until it comes.
      if (!this.stopped) this.again = setTimeout(() => void this.loadRooms(), AGAIN_MS);
    }
  }

  /** Follow a room for its unread count and presence; a room on the screen is followed by its timeline. */
  private follow(room: Room): void {
    const shown = this.store.get().timelines[room.id] !== undefined;
    if (!shown && !this.stopped) this.client.subscribe(room.id, room.last_cursor);
  }

  private async fetchRoom(id: string): Promise<Room | null> {
    try {
      const room = await this.api.chat.room(id);
      this.store.dispatch({ type: "rooms", rooms: [room] });
      return room;
    } catch (error) {
      this.store.dispatch({ type: "timeline_failed", room: id, error: explain(error) });
      return null;
    }
  }

  private async showRoom(room: string): Promise<void> {
    const status = this.store.get().timelines[room]?.status;
    if (status !== "ready" && status !== "loading") await this.loadTimeline(room);
    await this.loadPresence(room);
  }

  /** The connection sends a snapshot by itself; this is for what it may have dropped under load. */
  private async loadPresence(room: string): Promise<void> {
    try {
      const answer = await this.api.chat.presence(room);
      this.store.dispatch({ type: "names", users: answer.users });
      if (this.store.get().presence[room]) return;
      this.store.dispatch({ type: "presence", room, frame: { state: answer.state } });
    } catch {
      // Who is online is shown as far as it is known; the next change comes over the connection.
    }
  }

  private async entered(room: string, ack: Ack): Promise<void> {
    const known = this.store.get().rooms[room];
    if (known) this.store.dispatch({ type: "rooms", rooms: [{ ...known, is_member: true }] });
    await this.loadTimeline(room, ack.cursor ?? null);
    await Promise.all([this.loadPresence(room), this.fetchRoom(room)]);
  }

  private receive(event: ClientEvent): void {
    if (event.op === "event") {
      this.events.add(event);
      return;
    }
    this.events.flush();
    switch (event.op) {
      case "status":
        return this.store.dispatch({ type: "connection", connection: event });
      case "presence":
        return this.store.dispatch({ type: "presence", room: event.room, frame: event });
      case "typing":
        return this.typed(event.room, event.user);
      case "reset":
        return this.reset(event.room);
      case "refused":
        return this.store.dispatch({ type: "room_gone", room: event.room });
      case "notify":
        return void this.loadRooms();
      case "signed_out":
        return this.options.onSignedOut();
    }
  }

  private typed(room: string, user: string): void {
    if (user === this.store.get().me) return;
    this.wantName(user);
    this.store.dispatch({ type: "typing", room, user, now: Date.now() });
  }

  private reset(room: string): void {
    if (this.store.get().timelines[room]) void this.loadTimeline(room);
    else this.client.subscribe(room);
  }
}
