/** The REST calls of friends and blocks. */

import type { RestClient } from "@roomlog/client";
import type { Users } from "./chat";

interface Acquaintance {
  user: string;
  since: string;
}

export interface FriendsAnswer {
  friends: Acquaintance[];
  asked: Acquaintance[];
  requested: Acquaintance[];
  users: Users;
}

export interface BlockedAnswer {
  items: Acquaintance[];
  users: Users;
}

export interface PresenceAnswer {
  items: { user: string; state: "online" | "away" | "offline" }[];
}

export class PeopleApi {
  constructor(private readonly rest: RestClient) {}

  friends(): Promise<FriendsAnswer> {
    return this.rest.get("/friends");
  }

  blocked(): Promise<BlockedAnswer> {
    return this.rest.get("/blocks");
  }

  presence(users: readonly string[]): Promise<PresenceAnswer> {
    return this.rest.get("/presence", { query: { users: users.join(",") } });
  }

  /** Ask somebody to be friends, or say yes to their request. */
  async ask(user: string): Promise<void> {
    await this.rest.post(`/friends/${encodeURIComponent(user)}`);
  }

  /** End a friendship, take a request back or turn one down. */
  async part(user: string): Promise<void> {
    await this.rest.request("DELETE", `/friends/${encodeURIComponent(user)}`, {});
  }

  /** End one's own account, for ever. */
  async eraseMe(password: string): Promise<void> {
    await this.rest.request("DELETE", "/users/me", { body: { password } });
  }

  async block(user: string): Promise<void> {
    await this.rest.post(`/blocks/${encodeURIComponent(user)}`);
  }

  async unblock(user: string): Promise<void> {
    await this.rest.request("DELETE", `/blocks/${encodeURIComponent(user)}`, {});
  }
}
