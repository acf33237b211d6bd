/** Mentions while they are written: what is looked for, who fits, and who is meant in the end. */

import { splitMentions } from "../../shared/mentions";
import type { Named } from "../../shared/mentions";

/** The part of the text that looks for a person: from the `@` up to the caret. */
export interface Search {
  at: number;
  query: string;
}

const SHOWN = 6;
/** The protocol's limit on the mentions of a message. */
const MOST = 100;
const LOOKS_FOR = /(?:^|[\s([{"'«„“-])@([^@\n]{0,40})$/u;

/** What the caret stands in, or null where nobody is looked for. */
export function searchAt(text: string, caret: number): Search | null {
  const query = LOOKS_FOR.exec(text.slice(0, caret))?.[1];
  return query === undefined ? null : { at: caret - query.length - 1, query };
}

/** The few people whose name, or a word of it, begins with the query; whole names first. */
export function candidates(query: string, people: readonly Named[]): Named[] {
  const wanted = query.toLocaleLowerCase();
  const rank = ({ name }: Named) => {
    const lower = name.toLocaleLowerCase();
    if (lower.startsWith(wanted)) return 0;
    return lower.split(/\s+/).some((word) => word.startsWith(wanted)) ? 1 : 2;
  };
  return people
    .map((person) => ({ person, rank: rank(person) }))
    .filter((each) => each.rank < 2)
    .sort((a, b) => a.rank - b.rank || a.person.name.localeCompare(b.person.name))
    .slice(0, SHOWN)
    .map((each) => each.person);
}

/** The text with the name in place of what was looked for, and where the caret goes. */
export function complete(text: string, { at, query }: Search, name: string): { text: string; caret: number } {
  const written = `@${name} `;
  const rest = text.slice(at + 1 + query.length).replace(/^ /, "");
  return { text: text.slice(0, at) + written + rest, caret: at + written.length };
}

/** The ids of those whom a text mentions; `picked` says who was meant by a name that several have. */
export function mentionsIn(
  text: string,
  people: readonly Named[],
  picked: ReadonlyMap<string, string>,
): string[] {
  const found = new Set<string>();
  for (const part of splitMentions(text, people)) {
    if (part.user === null) continue;
    const name = part.text.slice(1);
    const meant = picked.get(name);
    const same = people.filter((person) => person.name === name).map((person) => person.id);
    for (const id of meant !== undefined && same.includes(meant) ? [meant] : same) found.add(id);
  }
  return [...found].slice(0, MOST);
}
