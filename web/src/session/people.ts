import type { FriendNotice } from "@roomlog/client";
import type { PeopleApi, PresenceAnswer } from "../api/people";
import type { Action, ChatState } from "../state/model";
import type { Relation } from "../state/people";
import type { Store } from "../state/store";

const MOST_ASKED = 200;

/** What a person does about other people: friends, requests, blocks. */
export class People {
  constructor(
    private readonly api: PeopleApi,
    private readonly store: Store<ChatState, Action>,
    /** What is unread has to be asked again: of the blocked nothing is, and of requests only those that wait. */
    private readonly recount: () => void,
  ) {}

  /** Load friends, requests and blocks; raises ApiError. */
  async load(): Promise<void> {
    const [friends, blocked] = await Promise.all([this.api.friends(), this.api.blocked()]);
    this.store.dispatch({ type: "names", users: { ...friends.users, ...blocked.users } });
    const relations: Record<string, Relation> = {};
    for (const relation of ["friends", "asked", "requested"] as const)
      for (const { user } of friends[relation]) relations[user] = relation;
    const people = {
      relations,
      blocked: Object.fromEntries(blocked.items.map(({ user }) => [user, true as const])),
    };
    this.store.dispatch({ type: "people", people });
  }

  /** Ask somebody to be friends, or say yes to their request. */
  async ask(user: string): Promise<void> {
    await this.api.ask(user);
    await this.changed();
  }

  /** End a friendship, take a request back or turn one down. */
  async part(user: string): Promise<void> {
    await this.api.part(user);
    await this.changed();
  }

  /** End one's own account, for ever; raises ApiError. */
  eraseMe(password: string): Promise<void> {
    return this.api.eraseMe(password);
  }

  async block(user: string): Promise<void> {
    await this.api.block(user);
    await this.changed();
  }

  async unblock(user: string): Promise<void> {
    await this.api.unblock(user);
    await this.changed();
  }

  /** Which of some people are here. */
  async presence(users: readonly string[]): Promise<PresenceAnswer["items"]> {
    if (users.length === 0) return [];
    return (await this.api.presence(users.slice(0, MOST_ASKED))).items;
  }

  /** Somebody asked, or said yes: shown at once, whether the read model has it yet or not. */
  notified({ kind, sender }: FriendNotice): void {
    const { people } = this.store.get();
    const relation = kind === "friend_request" ? "asked" : "friends";
    const relations = { ...people.relations, [sender]: relation } as const;
    this.store.dispatch({ type: "people", people: { ...people, relations } });
  }

  private async changed(): Promise<void> {
    this.recount();
    await this.load();
  }
}
