import type {
  AuditPage,
  FilterAction,
  Holds,
  ModerationApi,
  Outcome,
  ReportedMessage,
} from "../api/moderation";
import type { Action, ChatState } from "../state/model";
import type { Store } from "../state/store";

/** What a person reports, and what a moderator sees and does. */
export class Moderation {
  constructor(
    private readonly api: ModerationApi,
    private readonly store: Store<ChatState, Action>,
  ) {}

  report(message: string, reason: string): Promise<void> {
    return this.api.report(message, reason);
  }

  /** The messages of a room that wait for a moderator, once the read model has reached the cursor. */
  async queue(room: string, afterCursor: string | null = null): Promise<ReportedMessage[]> {
    const { items, users } = await this.api.queue(room, afterCursor);
    this.store.dispatch({ type: "names", users });
    return items;
  }

  async resolve(message: string, action: Outcome): Promise<string | null> {
    return (await this.api.resolve(message, action)).cursor;
  }

  /** Who is muted or banned in a room, and which words it filters, once the read model has reached the cursor. */
  async holds(room: string, afterCursor: string | null = null): Promise<Holds> {
    const found = await this.api.holds(room, afterCursor);
    this.store.dispatch({ type: "names", users: found.users });
    return found;
  }

  async audit(room: string, before: string | null = null): Promise<AuditPage> {
    const page = await this.api.audit(room, before);
    this.store.dispatch({ type: "names", users: page.users });
    return page;
  }

  /** Let a member read and not write, for some minutes, or without an end. */
  async mute(room: string, user: string, minutes: number | null): Promise<void> {
    const until = minutes === null ? null : new Date(Date.now() + minutes * 60_000).toISOString();
    await this.api.mute(room, user, until);
  }

  async unmute(room: string, user: string): Promise<string | null> {
    return (await this.api.unmute(room, user)).cursor;
  }

  async ban(room: string, user: string, reason: string): Promise<void> {
    await this.api.ban(room, user, reason);
  }

  async unban(room: string, user: string): Promise<string | null> {
    return (await this.api.unban(room, user)).cursor;
  }

  async filter(room: string, words: string, action: FilterAction | null): Promise<string | null> {
    return (await this.api.filter(room, words, action)).cursor;
  }
}
