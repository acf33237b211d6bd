/** What other people are to the person: friends, requests, blocked. */

/** `asked`: they asked the person; `requested`: the person asked them. */
export type Relation = "friends" | "asked" | "requested";

export interface People {
  relations: Readonly<Record<string, Relation>>;
  blocked: Readonly<Record<string, true>>;
}

export const NOBODY: People = { relations: {}, blocked: {} };

export function usersWho(people: People, relation: Relation): string[] {
  return Object.keys(people.relations).filter((user) => people.relations[user] === relation);
}
