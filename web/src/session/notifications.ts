import type { MuteLevel, MuteNotice } from "@roomlog/client";
import type { NotificationApi, NotificationPage } from "../api/notifications";
import type { Action, ChatState } from "../state/model";
import type { Store } from "../state/store";
import type { Mute } from "../state/unread";

const PAGE = 30;
const COUNT_AFTER_MS = 300;
/** Timers that are set for longer fire at once. */
const LONGEST_TIMER_MS = 2_147_000_000;

/** The person's notifications and muted rooms. */
export class Notifications {
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
  countSoon(): void {
    clearTimeout(this.counting);
    this.counting = setTimeout(() => void this.list(true, null, 1).catch(() => undefined), COUNT_AFTER_MS);
  }

  /** A page of the list; raises ApiError. */
  async list(unread: boolean, after: string | null, limit = PAGE): Promise<NotificationPage> {
    const page = await this.api.list({ unread, limit, after });
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
