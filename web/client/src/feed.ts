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
  /** What the next live event may name as its predecessor; empty where that is not known. */
  private chain: readonly string[] = [];
  private readonly seen = new Set<string>();

  constructor(cursor: string | null) {
    this.place = cursor;
  }

  /** Where to resume: everything up to here has been handed on. */
  get cursor(): string | null {
    return this.place;
  }

  /** A `sub` is on its way; until its ack, what arrives belongs to an older subscription. */
  asked(): void {
    this.mode = "asked";
  }

  /** The `sub` was accepted. Without a cursor there is no replay: the room goes on after `cursor`. */
  acked(cursor: string | undefined): void {
    if (this.mode !== "asked") return;
    if (this.place !== null) this.mode = "replaying";
    else this.goLive(cursor ?? null);
  }

  caughtUp(cursor: string): void {
    if (this.mode === "replaying") this.goLive(cursor);
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
    this.chain = [];
    this.seen.clear();
  }

  accept(event: ChatEvent): Verdict {
    if (this.mode === "asked" || this.mode === "detached") return "skip";
    if (this.seen.has(event.id)) {
      // The log may hold one event at two places: the next one names the second as its predecessor.
      if (event.prev != null && this.chain.includes(event.prev)) this.goOnAfter(event.cursor);
      return "skip";
    }
    if (this.mode === "live" && this.breaksChain(event)) return "gap";
    this.remember(event);
    return "apply";
  }

  private goLive(cursor: string | null): void {
    this.mode = "live";
    // A node may say that it is beyond the last event of the replay: at a repeat that it left out, say.
    if (cursor !== null) this.chain = [...this.chain, cursor];
    this.place ??= cursor;
  }

  private breaksChain(event: ChatEvent): boolean {
    return this.chain.length > 0 && event.prev != null && !this.chain.includes(event.prev);
  }

  private goOnAfter(cursor: string): void {
    this.place = cursor;
    this.chain = [cursor];
  }

  private remember(event: ChatEvent): void {
    this.goOnAfter(event.cursor);
    this.seen.add(event.id);
    if (this.seen.size > REMEMBERED) {
      const oldest = this.seen.values().next().value;
      if (oldest !== undefined) this.seen.delete(oldest);
    }
  }
}
