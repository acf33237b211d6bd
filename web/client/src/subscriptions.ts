import type { ClientEvent } from "./client";
import { RoomFeed } from "./feed";
import { backoffMs } from "./policy";
import type { Ack, CaughtUp, ChatEvent, ErrorReply, PlainCommand, Reset } from "./protocol";

const NOT_YET = new Set(["no_such_room", "not_a_member"]);
const RETRIES = 6;

interface Subscription {
  feed: RoomFeed;
  /** The id of the `sub` that waits for its ack. */
  asked: number | null;
  refusals: number;
}

export interface Surroundings {
  /** Send a command if there is a connection; returns its id. */
  say(command: PlainCommand): number | null;
  listener(event: ClientEvent): void;
  random(): number;
}

/** The rooms that are followed: asked for on every new connection, resumed, repaired. */
export class Subscriptions {
  private readonly rooms = new Map<string, Subscription>();

  constructor(private readonly around: Surroundings) {}

  follow(room: string, cursor: string | null): void {
    let subscription = this.rooms.get(room);
    if (!subscription) {
      subscription = { feed: new RoomFeed(cursor), asked: null, refusals: 0 };
      this.rooms.set(room, subscription);
    } else if (cursor !== null) {
      subscription.feed.restart(cursor);
    }
    this.ask(room, subscription);
  }

  cursor(room: string): string | null {
    return this.rooms.get(room)?.feed.cursor ?? null;
  }

  unfollow(room: string): void {
    if (this.rooms.delete(room)) this.around.say({ op: "unsub", room });
  }

  connected(): void {
    for (const [room, subscription] of this.rooms) this.ask(room, subscription);
  }

  disconnected(): void {
    for (const subscription of this.rooms.values()) {
      subscription.asked = null;
      subscription.feed.detached();
    }
  }

  event(event: ChatEvent): void {
    const subscription = this.rooms.get(event.room);
    if (!subscription) return;
    const verdict = subscription.feed.accept(event);
    if (verdict === "apply") this.around.listener(event);
    else if (verdict === "gap") this.ask(event.room, subscription);
  }

  caughtUp(frame: CaughtUp): void {
    this.rooms.get(frame.room)?.feed.caughtUp(frame.cursor);
    this.around.listener(frame);
  }

  /** The server cannot replay from our cursor: the listener fetches a snapshot and follows the room again. */
  reset(frame: Reset): void {
    const subscription = this.rooms.get(frame.room);
    if (!subscription) return;
    subscription.feed.detached();
    subscription.feed.restart(null);
    this.around.listener(frame);
  }

  acked(ack: Ack): void {
    const subscription = this.waitingFor(ack.id)?.[1];
    if (!subscription) return;
    subscription.asked = null;
    subscription.refusals = 0;
    subscription.feed.acked(ack.cursor);
  }

  /** A room or membership that was made a moment ago through another node may not be known here yet. */
  refused(reply: ErrorReply): void {
    const waiting = reply.id === undefined ? undefined : this.waitingFor(reply.id);
    if (!waiting) return;
    const [room, subscription] = waiting;
    subscription.asked = null;
    if (!reply.retryable && (!NOT_YET.has(reply.code) || subscription.refusals >= RETRIES)) {
      this.rooms.delete(room);
      this.around.listener({ op: "refused", room, code: reply.code, message: reply.message ?? reply.code });
      return;
    }
    const wait = Math.max(reply.retry_after_ms ?? 0, backoffMs(subscription.refusals, this.around.random()));
    subscription.refusals += 1;
    setTimeout(() => this.askAgain(room, subscription), wait);
  }

  private askAgain(room: string, subscription: Subscription): void {
    if (this.rooms.get(room) === subscription && subscription.asked === null) this.ask(room, subscription);
  }

  private ask(room: string, subscription: Subscription): void {
    const { cursor } = subscription.feed;
    const id = this.around.say({ op: "sub", room, ...(cursor === null ? {} : { cursor }) });
    if (id === null) return;
    subscription.asked = id;
    subscription.feed.asked();
  }

  private waitingFor(id: number): [string, Subscription] | undefined {
    for (const entry of this.rooms) if (entry[1].asked === id) return entry;
    return undefined;
  }
}
