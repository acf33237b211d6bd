import type { ChatEvent } from "./protocol";

const REMEMBERED = 2_000;

/** `apply`: new. `skip`: already had, or superseded by a replay that was asked for. `gap`: something is missing. */
export type Verdict = "apply" | "skip" | "gap";

type Mode = "detached" | "asked" | "replaying" | "live";

/**
 * One room's event sequence as this client has seen it: no duplicates, no gaps.
 *
 * Cursors are opaque, so order is never computed from them: a replay arrives in log order, and a live event
 * names its predecessor.
 */
export class RoomFeed {
  private mode: Mode = "detached";
  private place: string | null;
  private lastEvent: string | null = null;
  private readonly seen = new Set<string>();

  constructor(cursor: string | null) {
    this.place = cursor;
  }

  /** Where to resume: everything up to here has been handed on. */
  get cursor(): string | null {
    return this.place;
  }

  get isLive(): boolean {
    return this.mode === "live";
  }

  /** A `sub` is on its way; until its ack, what arrives belongs to an older subscription. */
  asked(): void {
    this.mode = "asked";
  }

  acked(): void {
    if (this.mode === "asked") this.mode = "replaying";
  }

  caughtUp(cursor: string): void {
    if (this.mode === "asked") return;
    this.mode = "live";
    if (this.lastEvent === null) this.place = cursor;
  }

  detached(): void {
    this.mode = "detached";
  }

  /**
   * Start over from a snapshot whose cursor is given. What was seen is forgotten: the snapshot may be older,
   * and whoever shows it must get everything after its cursor.
   */
  restart(cursor: string | null): void {
    this.place = cursor;
    this.lastEvent = null;
    this.seen.clear();
  }

  accept(event: ChatEvent): Verdict {
    if (this.mode === "asked" || this.mode === "detached") return "skip";
    if (this.seen.has(event.id)) return "skip";
    if (this.mode === "live" && this.breaksChain(event)) return "gap";
    this.remember(event);
    return "apply";
  }

  private breaksChain(event: ChatEvent): boolean {
    return this.lastEvent !== null && event.prev != null && event.prev !== this.lastEvent;
  }

  private remember(event: ChatEvent): void {
    this.place = event.cursor;
    this.lastEvent = event.cursor;
    this.seen.add(event.id);
    if (this.seen.size > REMEMBERED) {
      const oldest = this.seen.values().next().value;
      if (oldest !== undefined) this.seen.delete(oldest);
    }
  }
}
