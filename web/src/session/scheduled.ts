import type { NewScheduled, ScheduledApi } from "../api/scheduled";
import type { Action, ChatState } from "../state/model";
import { newlyRefused, nextLook } from "../state/scheduled";
import type { Store } from "../state/store";

/** Longer than that a timer cannot wait. */
const LONGEST_MS = 2_000_000_000;

/** The person's messages that are to be sent later, and what becomes of them. */
export class ScheduledMessages {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: ScheduledApi,
    private readonly store: Store<ChatState, Action>,
  ) {}

  /** Look what is scheduled, again once something may have become of it, and tell of what was not sent. */
  async load(): Promise<void> {
    clearTimeout(this.timer);
    const before = this.store.get().scheduled;
    const items = await this.api.list();
    this.store.dispatch({ type: "scheduled", items });
    for (const { id, room, reason } of newlyRefused(before, items)) {
      const title = "A scheduled message was not sent";
      this.store.dispatch({ type: "toast", toast: { id, tone: "error", title, text: reason, room } });
    }
    const wait = nextLook(items, Date.now());
    if (wait !== null) this.timer = setTimeout(() => void this.loadQuietly(), Math.min(wait, LONGEST_MS));
  }

  /** Schedule a message; the same key again schedules it once. Raises ApiError, as do the others. */
  async add(room: string, message: NewScheduled, key: string): Promise<void> {
    await this.api.add(room, message, key);
    await this.loadQuietly();
  }

  async change(id: string, text: string, sendAt: string): Promise<void> {
    await this.api.change(id, { text, send_at: sendAt }).finally(() => this.loadQuietly());
  }

  async cancel(id: string): Promise<void> {
    await this.api.cancel(id).finally(() => this.loadQuietly());
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private async loadQuietly(): Promise<void> {
    await this.load().catch(() => undefined);
  }
}
