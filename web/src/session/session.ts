import { RoomlogClient } from "@roomlog/client";
import type { ChatEvent, ClientEvent, Notice, OpenSocket } from "@roomlog/client";
import type { Api } from "../api";
import { expiresIn } from "../api/auth";
import type { Me } from "../api/auth";
import type { FilesApi } from "../api/files";
import type { PreviewsApi } from "../api/previews";
import { reduce } from "../state/chat";
import { initialState } from "../state/model";
import type { Action, ChatState } from "../state/model";
import { removesMe } from "../state/members";
import { createStore } from "../state/store";
import type { Store } from "../state/store";
import type { TimelineItem } from "../state/timeline";
import type { Toast } from "../state/toasts";
import type { IntegrationApi } from "../api/integrations";
import { Attention } from "./attention";
import { Batch } from "./batch";
import { Changes } from "./changes";
import { explain } from "./explain";
import { Messages } from "./messages";
import { Moderation } from "./moderation";
import { Names } from "./names";
import { Notifications } from "./notifications";
import { People } from "./people";
import { Pins } from "./pins";
import { Reading } from "./reading";
import { Rooms } from "./rooms";
import { ScheduledMessages } from "./scheduled";
import { Threads } from "./threads";
import { WebPush } from "./webPush";
import { Workspaces } from "./workspaces";

const PAGE = 50;
const BIG_PAGE = 200;
const MOST_PAGES_BACK = 50;
/** What is no further up than this is scrolled to; for the rest the pages between are left out. */
const NEAR_PAGES = 2;
const FRAME_MS = 16;
const TICK_MS = 1_000;
const AGAIN_MS = 2_000;
const RENEW_BEFORE_MS = 90_000;

export interface SessionOptions {
  preferredNode: string | null;
  onSignedOut(): void;
  /** Told what concerns the person, to be shown outside the page. */
  alert: (toast: Toast) => void;
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
  readonly changes: Changes;
  readonly rooms: Rooms;
  readonly workspaces: Workspaces;
  readonly people: People;
  readonly moderation: Moderation;
  readonly pins: Pins;
  readonly threads: Threads;
  readonly scheduled: ScheduledMessages;
  /** Hooks and webhooks: only what their dialog shows. */
  readonly integrations: IntegrationApi;
  readonly files: FilesApi;
  readonly previews: PreviewsApi;
  readonly notifications: Notifications;
  readonly webPush: WebPush;
  private readonly reading: Reading;
  private readonly attention: Attention;
  private readonly client: RoomlogClient;
  private readonly names: Names;
  private readonly events: Batch<ChatEvent>;
  private readonly loadingOlder = new Map<string, Promise<void>>();
  private readonly loadingNewer = new Map<string, Promise<void>>();
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
    this.names = new Names(
      api.chat,
      () => this.store.get().names,
      (users) => this.store.dispatch({ type: "names", users }),
    );
    this.events = new Batch(FRAME_MS, (events) => this.store.dispatch({ type: "events", events }), true);
    this.client = new RoomlogClient({
      nodes: () => api.chat.nodes(),
      listener: (event) => this.receive(event),
      authorize: async () => (await api.auth.me()) !== null,
      preferredNode: options.preferredNode,
      openSocket: options.openSocket,
    });
    const flush = () => this.events.flush();
    this.messages = new Messages(this.client, api.chat, this.store, flush);
    this.changes = new Changes(this.client, this.store, flush);
    this.rooms = new Rooms(this.client, api.chat, this.store, (room, cursor) =>
      this.loadTimeline(room, cursor),
    );
    this.workspaces = new Workspaces(this.client, api.workspaces, this.store);
    this.people = new People(api.people, this.store, () => {
      this.notifications.countSoon();
      this.reading.recountSoon();
    });
    this.moderation = new Moderation(api.moderation, this.store);
    this.pins = new Pins(this.client, api.chat, this.store);
    this.threads = new Threads(this.client, api.chat, this.store);
    this.scheduled = new ScheduledMessages(api.scheduled, this.store);
    this.integrations = api.integrations;
    this.files = api.files;
    this.previews = api.previews;
    this.notifications = new Notifications(api.notifications, this.store);
    this.webPush = new WebPush(api.push);
    this.reading = new Reading(this.client, api.chat, this.store, flush);
    this.attention = new Attention(this.store, this.names, this.rooms, options.alert);
  }

  start(): void {
    this.stopped = false;
    this.client.start();
    this.tick = setInterval(() => this.store.dispatch({ type: "tick", now: Date.now() }), TICK_MS);
    this.reading.start();
    void this.webPush.renew().catch(() => undefined);
    void this.load();
  }

  stop(): void {
    this.stopped = true;
    this.client.stop();
    this.names.stop();
    this.reading.stop();
    this.notifications.stop();
    this.messages.stop();
    this.scheduled.stop();
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

  /** Whether the newest row of a room is on the screen. */
  setAtEnd(room: string, atEnd: boolean): void {
    this.store.dispatch({ type: "at_end", room, atEnd });
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
    const known = this.store.get().rooms[room] ?? (await this.rooms.fetch(room));
    if (known?.is_member) await this.showRoom(room);
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

  /** Bring a message into the history, whose page may replace what is shown; false where it is not in the room. */
  async reveal(room: string, id: string): Promise<boolean> {
    const isIt = (item: TimelineItem) => item.id === id;
    const timeline = this.store.get().timelines[room];
    if (timeline?.items.some(isIt)) return true;
    if (!timeline?.hasNewer && (await this.loadUntil(room, isIt, NEAR_PAGES))) return true;
    const { cursor } = await this.api.chat.message(id);
    const page = await this.api.chat.messages(room, { around: cursor, limit: BIG_PAGE });
    this.store.dispatch({ type: "names", users: page.users });
    this.store.dispatch({
      type: "page",
      room,
      messages: page.items,
      hasMore: page.has_more,
      hasNewer: true,
    });
    return page.items.some((message) => message.id === id);
  }

  /** The first message of a room since a time, for going there; null where nothing was said since. */
  async firstSince(room: string, at: Date): Promise<string | null> {
    const page = await this.api.chat.messages(room, { at: at.toISOString(), limit: 1 });
    return page.items[0]?.id ?? null;
  }

  /** Load older pages until the history has what is looked for; false where it is not there, or too far back. */
  async loadUntil(
    room: string,
    found: (item: TimelineItem) => boolean,
    mostPages = MOST_PAGES_BACK,
  ): Promise<boolean> {
    if (this.store.get().timelines[room]?.hasNewer) await this.loadTimeline(room);
    for (let pages = 0; pages <= mostPages; pages += 1) {
      const timeline = this.store.get().timelines[room];
      if (timeline?.items.some(found)) return true;
      if (!timeline?.hasMore || pages === mostPages) return false;
      await this.loadOlder(room, BIG_PAGE);
    }
    return false;
  }

  /** Load the page before the oldest item; who asks while one is on its way gets that one. */
  loadOlder(room: string, limit = PAGE): Promise<void> {
    const running = this.loadingOlder.get(room);
    if (running) return running;
    const loading = this.fetchOlder(room, limit).finally(() => this.loadingOlder.delete(room));
    this.loadingOlder.set(room, loading);
    return loading;
  }

  /** Load the page after the newest item, where the history ends before the room's newest one. */
  loadNewer(room: string): Promise<void> {
    const running = this.loadingNewer.get(room);
    if (running) return running;
    const loading = this.fetchNewer(room).finally(() => this.loadingNewer.delete(room));
    this.loadingNewer.set(room, loading);
    return loading;
  }

  // --- inner workings

  private async fetchOlder(room: string, limit: number): Promise<void> {
    const timeline = this.store.get().timelines[room];
    const oldest = timeline?.items[0];
    if (!timeline?.hasMore || !oldest) return;
    const page = await this.api.chat.messages(room, { before: oldest.cursor, limit });
    this.store.dispatch({ type: "names", users: page.users });
    this.store.dispatch({ type: "older_page", room, messages: page.items, hasMore: page.has_more });
  }

  private async fetchNewer(room: string): Promise<void> {
    const timeline = this.store.get().timelines[room];
    const newest = timeline?.items.at(-1);
    if (!timeline?.hasNewer || !newest) return;
    const page = await this.api.chat.messages(room, { after: newest.cursor, limit: BIG_PAGE });
    this.store.dispatch({ type: "names", users: page.users });
    this.store.dispatch({ type: "newer_page", room, messages: page.items, hasNewer: page.has_more });
    // What came since the page was read was not taken in while the history ended before it.
    if (!page.has_more) this.client.subscribe(room, page.cursor);
  }

  private async load(): Promise<void> {
    try {
      await this.workspaces.load();
      await this.rooms.load();
      await Promise.all([this.reading.count(), this.people.load()]);
      this.notifications.countSoon();
      await this.scheduled.load();
    } catch {
      // The list is what everything starts from, so it is asked for until it comes.
      if (!this.stopped) this.again = setTimeout(() => void this.load(), AGAIN_MS);
    }
  }

  private async showRoom(room: string): Promise<void> {
    const status = this.store.get().timelines[room]?.status;
    if (status !== "ready" && status !== "loading") await this.loadTimeline(room);
    await Promise.all([this.loadPresence(room), this.loadMembers(room), this.loadPins(room)]);
  }

  /** Who is in the room, for mentions and administration; later changes come as events. */
  private async loadMembers(room: string): Promise<void> {
    if (this.store.get().members[room]) return;
    await this.rooms.loadMembers(room).catch(() => undefined);
  }

  private async loadPins(room: string): Promise<void> {
    if (this.store.get().pins[room]) return;
    await this.pins.load(room).catch(() => undefined);
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

  private receive(event: ClientEvent): void {
    if (event.op === "event") {
      if (this.workspaces.find(event.room)) return this.inWorkspace(event);
      this.events.add(event);
      if (event.type === "MessageRestored") void this.threads.restored(event);
      if (removesMe(event, this.store.get().me)) this.removed(event);
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
        return this.refused(event.room);
      case "notify":
        return this.notified(event.d);
      case "signed_out":
        return this.options.onSignedOut();
    }
  }

  private typed(room: string, user: string): void {
    if (user === this.store.get().me) return;
    this.wantName(user);
    this.store.dispatch({ type: "typing", room, user, now: Date.now() });
  }

  private notified(notice: Notice): void {
    this.notifications.countSoon();
    switch (notice.kind) {
      case "read":
        return this.reading.moved(notice.room, notice.cursor);
      case "notifications_read":
        return;
      case "mute":
        return this.notifications.heardOf(notice);
      case "webhook_paused":
        return this.attention.paused(notice);
      case "friend_request":
      case "friend_accepted":
        this.people.notified(notice);
        void this.attention.befriended(notice);
        return;
      case "workspace_invite":
        return void this.attention.invited(notice);
      case "mention":
      case "direct":
      case "invite":
        this.notifications.countWith(notice);
        void this.attention.notify(notice);
    }
  }

  private removed(event: ChatEvent): void {
    this.events.flush();
    this.rooms.gone(event.room);
    void this.attention.removed(event.room, event.sender);
  }

  private inWorkspace(event: ChatEvent): void {
    const name = this.workspaces.find(event.room)?.name ?? "";
    if (this.workspaces.receive(event)) void this.attention.leftWorkspace(event.room, name, event.sender);
  }

  private refused(room: string): void {
    if (this.workspaces.find(room)) return this.workspaces.gone(room);
    const wasMember = this.store.get().rooms[room]?.is_member;
    this.rooms.gone(room);
    if (wasMember) this.attention.refused(room);
  }

  private reset(room: string): void {
    if (this.workspaces.find(room)) return void this.workspaces.reset(room);
    if (this.store.get().timelines[room]) void this.loadTimeline(room);
    else this.client.subscribe(room);
    this.reading.recountSoon();
  }
}
