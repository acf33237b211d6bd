import { Link } from "./link";
import type { OpenSocket } from "./link";
import { Outbox } from "./outbox";
import { afterClose, backoffMs, chooseNode } from "./policy";
import type { NodeAddress } from "./policy";
import { Notices } from "./notices";
import { Subscriptions } from "./subscriptions";
import type {
  Ack,
  CaughtUp,
  ChatEvent,
  ErrorReply,
  Hello,
  Limits,
  Notify,
  PlainCommand,
  Presence,
  PresenceState,
  RepeatableCommand,
  Reset,
  ServerFrame,
  Typing,
} from "./protocol";

export type ConnectionState = "online" | "connecting" | "offline";

/** What the client tells its listener; frames of rooms come without duplicates and gaps. */
export type ClientEvent =
  | { op: "status"; state: ConnectionState; node: string | null; reason: string | null }
  | { op: "refused"; room: string; code: string; message: string }
  | { op: "signed_out" }
  | ChatEvent
  | CaughtUp
  | Reset
  | Typing
  | Presence
  /** A mention, direct message, invitation (each once) or moved read marker of this person. */
  | Notify;

export interface ClientOptions {
  /** The nodes that may be tried, asked before each attempt; a failure keeps the last known list. */
  nodes(): Promise<NodeAddress[]>;
  listener(event: ClientEvent): void;
  /** Try this node first whenever it is not known to be failing. */
  preferredNode?: string | null;
  /** A bearer token for runtimes without cookies; null where a cookie does it. */
  token?(): string | null;
  /**
   * Make sure that the session is valid, renewing the access token where it has expired.
   * Resolves false when the person has to sign in again; throws when that cannot be found out now.
   */
  authorize?(): Promise<boolean>;
  openSocket?: OpenSocket;
  random?: () => number;
  now?: () => number;
}

/** A node that failed is tried last for this long. */
const FAILED_FOR_MS = 15_000;
const OFFLINE_AFTER_ATTEMPTS = 3;

/**
 * A connection to Roomlog that outlives its sockets: it reconnects with jitter to any living node, resumes
 * every room from its cursor, repairs gaps, and sends unanswered commands again under the same key.
 */
export class RoomlogClient {
  private link: Link | null = null;
  private successor: Link | null = null;
  private known: NodeAddress[] = [];
  private readonly failed = new Map<string, number>();
  private readonly subscriptions: Subscriptions;
  private readonly outbox = new Outbox();
  private readonly notices = new Notices();
  private readonly random: () => number;
  private readonly now: () => number;
  private attempt = 0;
  private lastId = 0;
  private stopped = true;
  private mustAuthorize = false;
  private presence: PresenceState = "online";
  private reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  private outboxTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: ClientOptions) {
    this.random = options.random ?? Math.random;
    this.now = options.now ?? Date.now;
    this.subscriptions = new Subscriptions({
      say: (command) => this.say(command),
      listener: (event) => options.listener(event),
      random: this.random,
    });
  }

  get limits(): Limits | null {
    return this.link?.hello?.limits ?? null;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    void this.connect();
  }

  /** End the connection for good; commands without an answer fail with the code `closed`. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.reconnectTimer);
    clearTimeout(this.outboxTimer);
    this.dropLinks();
    this.outbox.abandon("closed", "The connection was closed before the server answered.");
  }

  /** The network may have changed: check the connection now, or reconnect without waiting any longer. */
  nudge(): void {
    if (this.stopped) return;
    if (this.link) this.link.probe();
    else if (this.reconnectTimer !== undefined) this.retryNow();
  }

  /**
   * Carry out a command; resolves once the log has stored it. The same key takes effect once.
   * The ack of a `read` has the cursor of the marker that now holds. Rejects with CommandFailed.
   */
  command(command: RepeatableCommand): Promise<Ack> {
    const done = this.outbox.add(command, this.now());
    this.pump();
    return done;
  }

  /** Follow a room, after `cursor` where one is given; a room that is followed already starts over there. */
  subscribe(room: string, cursor: string | null = null): void {
    this.subscriptions.follow(room, cursor);
  }

  /** Up to where a room's events came here (`after_cursor` of a read that must not be older); null where unknown. */
  cursor(room: string): string | null {
    return this.subscriptions.cursor(room);
  }

  unsubscribe(room: string): void {
    this.subscriptions.unfollow(room);
  }

  typing(room: string): void {
    this.say({ op: "typing", room });
  }

  setPresence(state: PresenceState): void {
    if (state === this.presence) return;
    this.presence = state;
    this.say({ op: "presence", state });
  }

  /** Renew the session's token in place, before it expires. */
  renew(token: string): void {
    this.say({ op: "auth", token });
  }

  // --- connecting

  private async connect(): Promise<void> {
    this.reconnectTimer = undefined;
    if (this.attempt < OFFLINE_AFTER_ATTEMPTS) this.report("connecting", null);
    try {
      if (this.mustAuthorize && !(await this.authorized())) return;
      this.known = await this.options.nodes().catch(() => this.known);
    } catch {
      this.retryLater("The server cannot be reached.");
      return;
    }
    if (this.stopped || this.link) return;
    const node = this.choose(null);
    if (node) this.link = this.open(node);
    else this.retryLater("No chat node is available right now.");
  }

  private async authorized(): Promise<boolean> {
    const valid = (await this.options.authorize?.()) ?? true;
    this.mustAuthorize = false;
    if (!valid && !this.stopped) this.signedOut();
    return valid;
  }

  private choose(except: string | null): NodeAddress | null {
    const now = this.now();
    const failed = new Set([...this.failed].filter(([, until]) => until > now).map(([name]) => name));
    if (except !== null) failed.add(except);
    return chooseNode(this.known, failed, this.options.preferredNode ?? null, this.random());
  }

  private open(node: NodeAddress): Link {
    const open: OpenSocket =
      this.options.openSocket ??
      ((url, protocols) => new WebSocket(url, protocols) as unknown as ReturnType<OpenSocket>);
    return new Link(node, open, this.options.token?.() ?? null, {
      hello: (link, hello) => this.greeted(link, hello),
      frame: (link, frame) => this.receive(link, frame),
      closed: (link, code, reason) => this.closed(link, code, reason),
    });
  }

  private greeted(link: Link, hello: Hello): void {
    if (link === this.successor) this.promote(link);
    if (link !== this.link) return;
    this.attempt = 0;
    this.failed.delete(link.node.name);
    this.report("online", hello.node);
    if (this.presence !== "online") this.say({ op: "presence", state: this.presence });
    this.subscriptions.connected();
    this.pump();
  }

  private promote(link: Link): void {
    const old = this.link;
    this.link = link;
    this.successor = null;
    this.forgetInFlight();
    old?.close();
  }

  private closed(link: Link, code: number, reason: string): void {
    if (link === this.successor) this.successor = null;
    if (link !== this.link) return;
    this.link = null;
    this.forgetInFlight();
    if (this.stopped) return;
    this.pump();
    this.failed.set(link.node.name, this.now() + FAILED_FOR_MS);
    const next = afterClose(code);
    if (next === "sign_in") this.signedOut();
    else if (next === "stop") this.halt(reason || `The server ended the connection (${code}).`);
    else {
      // A browser does not show why a handshake failed; a 401 is one of the possible reasons.
      this.mustAuthorize = next === "renew" || link.hello === null;
      if (next === "renew") this.failed.delete(link.node.name);
      this.retryLater("The connection was lost.");
    }
  }

  private forgetInFlight(): void {
    this.outbox.disconnected();
    this.subscriptions.disconnected();
  }

  private retryLater(reason: string): void {
    const wait = backoffMs(this.attempt, this.random());
    this.attempt += 1;
    this.report(this.attempt >= OFFLINE_AFTER_ATTEMPTS ? "offline" : "connecting", null, reason);
    clearTimeout(this.reconnectTimer);
    this.reconnectTimer = setTimeout(() => void this.connect(), wait);
  }

  private retryNow(): void {
    clearTimeout(this.reconnectTimer);
    this.attempt = 0;
    void this.connect();
  }

  /** The node drains: open a replacement elsewhere first, so that nothing is missed meanwhile. */
  private replace(): void {
    if (this.successor || !this.link) return;
    const node = this.choose(this.link.node.name);
    if (node && node.name !== this.link.node.name) this.successor = this.open(node);
  }

  private dropLinks(): void {
    const links = [this.link, this.successor];
    this.link = null;
    this.successor = null;
    for (const link of links) link?.close();
    this.forgetInFlight();
  }

  private halt(reason: string): void {
    this.stop();
    this.report("offline", null, reason);
  }

  private signedOut(): void {
    this.stop();
    this.options.listener({ op: "signed_out" });
  }

  // --- receiving

  private receive(link: Link, frame: ServerFrame): void {
    if (link !== this.link) return;
    switch (frame.op) {
      case "ack":
        return this.acked(frame);
      case "error":
        return this.refused(frame);
      case "event":
        return this.subscriptions.event(frame);
      case "caught_up":
        return this.subscriptions.caughtUp(frame);
      case "reset":
        return this.subscriptions.reset(frame);
      case "reconnect":
        return this.replace();
      case "notify":
        if (this.notices.isNew(frame.d)) this.options.listener(frame);
        return;
      case "typing":
      case "presence":
        return this.options.listener(frame);
    }
  }

  private acked(ack: Ack): void {
    if (this.outbox.acked(ack)) this.pump();
    else this.subscriptions.acked(ack);
  }

  private refused(reply: ErrorReply): void {
    if (this.outbox.refused(reply, this.now(), this.random())) this.pump();
    else this.subscriptions.refused(reply);
  }

  // --- sending

  /** Say something about this connection; without one there is nothing to say. Returns the command's id. */
  private say(command: PlainCommand): number | null {
    if (!this.link?.hello) return null;
    const id = ++this.lastId;
    this.link.send({ ...command, id });
    return id;
  }

  private pump(): void {
    clearTimeout(this.outboxTimer);
    this.outbox.expire(this.now());
    const link = this.link?.hello ? this.link : null;
    if (link) {
      if (this.outbox.overdue(this.now())) link.probe();
      for (const command of this.outbox.due(this.now(), () => ++this.lastId)) link.send(command);
    }
    const wait = this.outbox.wait(this.now(), link !== null);
    if (wait !== null) this.outboxTimer = setTimeout(() => this.pump(), Math.max(wait, 20));
  }

  private report(state: ConnectionState, node: string | null, reason: string | null = null): void {
    this.options.listener({ op: "status", state, node, reason });
  }
}
