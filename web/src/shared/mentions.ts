/** Finds the people that a text names with `@`. */

export interface Named {
  id: string;
  name: string;
}

export interface TextPart {
  text: string;
  /** Set where the text is `@` and a person's name. */
  user: string | null;
}

const WORD = /[\p{L}\p{N}_]/u;

/** Split a text at the mentions of these people; of two names that fit, the longer one counts. */
export function splitMentions(text: string, people: readonly Named[]): TextPart[] {
  if (people.length === 0 || !text.includes("@")) return [{ text, user: null }];
  const longestFirst = [...people]
    .filter((person) => person.name !== "")
    .sort((a, b) => b.name.length - a.name.length);
  const parts: TextPart[] = [];
  let end = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const person = isWord(text.at(at - 1), at > 0) ? undefined : longestFirst.find(named(text, at + 1));
    if (!person || at < end) continue;
    if (at > end) parts.push({ text: text.slice(end, at), user: null });
    end = at + 1 + person.name.length;
    parts.push({ text: text.slice(at, end), user: person.id });
  }
  if (end < text.length) parts.push({ text: text.slice(end), user: null });
  return parts;
}

function named(text: string, from: number) {
  return ({ name }: Named) =>
    text.startsWith(name, from) && !isWord(text.at(from + name.length), from + name.length < text.length);
}

function isWord(character: string | undefined, exists: boolean): boolean {
  return exists && character !== undefined && WORD.test(character);
}
