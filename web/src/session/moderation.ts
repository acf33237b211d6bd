import type {
  AuditPage,
  FilterAction,
  Holds,
  ModerationApi,
  Outcome,
  Place,
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

  /** The messages of a place that wait for a moderator. */
  async queue(place: Place): Promise<ReportedMessage[]> {
    const { items, users } = await this.api.queue(place);
    this.store.dispatch({ type: "names", users });
    return items;
  }

  /** Be done with a message, and see that the queue knows. */
  async resolve({ id, room }: ReportedMessage, action: Outcome): Promise<null> {
    const { cursor } = await this.api.resolve(id, action);
    await this.api.settled(room, cursor);
    return null;
  }

  /** Who is muted or banned in a place, and which words it filters, once the read model has reached the cursor. */
  async holds(place: Place, afterCursor: string | null = null): Promise<Holds> {
    const found = await this.api.holds(place, afterCursor);
    this.store.dispatch({ type: "names", users: found.users });
    return found;
  }

  async audit(place: Place, before: string | null = null): Promise<AuditPage> {
    const page = await this.api.audit(place, before);
    this.store.dispatch({ type: "names", users: page.users });
    return page;
  }

  /** Let a member read and not write, for some minutes, or without an end. */
  async mute(place: Place, user: string, minutes: number | null): Promise<void> {
    const until = minutes === null ? null : new Date(Date.now() + minutes * 60_000).toISOString();
    await this.api.mute(place, user, until);
  }

  async unmute(place: Place, user: string): Promise<string | null> {
    return (await this.api.unmute(place, user)).cursor;
  }

  async ban(place: Place, user: string, reason: string): Promise<void> {
    await this.api.ban(place, user, reason);
  }

  async unban(place: Place, user: string): Promise<string | null> {
    return (await this.api.unban(place, user)).cursor;
  }

  async filter(place: Place, words: string, action: FilterAction | null): Promise<string | null> {
    return (await this.api.filter(place, words, action)).cursor;
  }
}
