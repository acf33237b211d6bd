import { ApiError } from "@roomlog/client";
import type { MuteLevel, MuteNotice } from "@roomlog/client";
import type { NotificationApi, NotificationPage, Place } from "../api/notifications";
import type { Action, ChatState } from "../state/model";
import type { Store } from "../state/store";
import type { Mute } from "../state/unread";

const PAGE = 30;
const COUNT_AFTER_MS = 300;
const RETRY_AFTER_MS = 2_000;
/** Timers that are set for longer fire at once. */
const LONGEST_TIMER_MS = 2_147_000_000;

/** The person's notifications and muted rooms. */
export class Notifications {
  /** The newest place of each room that the count does not have yet. */
  private heard = new Map<string, Place>();
  private counting: ReturnType<typeof setTimeout> | undefined;
  private readonly ends = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    private readonly api: NotificationApi,
    private readonly store: Store<ChatState, Action>,
  ) {}

  stop(): void {
    clearTimeout(this.counting);
    for (const timer of this.ends.values()) clearTimeout(timer);
  }

  /** Ask how many are unread, once for all that comes together. */
  countSoon(afterMs = COUNT_AFTER_MS): void {
    clearTimeout(this.counting);
    this.counting = setTimeout(() => void this.count(), afterMs);
  }

  /** As `countSoon`, and with what is at this place: it comes over the connection before the lists have it. */
  countWith({ room, cursor }: Place): void {
    this.heard.set(room, { room, cursor });
    this.countSoon();
  }

  private async count(): Promise<void> {
    const places = [...this.heard.values()];
    this.heard = new Map();
    try {
      // A count waits for one place only; the last of them has all.
      for (const place of places.length > 0 ? places : [null]) {
        this.store.dispatch({ type: "notifications", unread: await this.api.count(place) });
      }
    } catch (error) {
      if (!(error instanceof ApiError && error.retryable)) return;
      this.heard = new Map([...places.map((place) => [place.room, place] as const), ...this.heard]);
      this.countSoon(RETRY_AFTER_MS);
    }
  }

  /** A page of the list; raises ApiError. */
  async list(unread: boolean, after: string | null): Promise<NotificationPage> {
    const page = await this.api.list({ unread, limit: PAGE, after });
    this.store.dispatch({ type: "names", users: page.users });
    this.store.dispatch({ type: "notifications", unread: page.unread });
    return page;
  }

  /** Mark some as read, or one and all that are older by its place; raises ApiError. */
  async read(which: { events: string[] } | { up_to: string }): Promise<void> {
    await this.api.read(which);
    this.countSoon();
  }

  async mute(room: string, level: MuteLevel, until: Date | null): Promise<void> {
    this.muted(room, await this.api.mute(room, level, until?.toISOString() ?? null));
  }

  async unmute(room: string): Promise<void> {
    await this.api.unmute(room);
    this.muted(room, null);
  }

  /** Another device muted or unmuted a room. */
  heardOf({ room, level, until }: MuteNotice): void {
    this.muted(room, level === undefined ? null : { level, until: until ?? null });
  }

  private muted(room: string, mute: Mute | null): void {
    this.store.dispatch({ type: "muted", room, mute });
    this.countSoon();
    clearTimeout(this.ends.get(room));
    if (mute?.until == null) return;
    const left = Math.max(0, Date.parse(mute.until) - Date.now());
    const end = () => this.muted(room, null);
    if (left < LONGEST_TIMER_MS) this.ends.set(room, setTimeout(end, left));
  }
}
