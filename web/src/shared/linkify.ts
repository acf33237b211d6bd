/** Finds the links in a text from a user. Only http and https become links; everything else stays text. */

export interface Piece {
  text: string;
  /** Set for a link: its normalised address. */
  href: string | null;
}

// Bidirectional overrides and isolates end a link: they could make an address look like another one.
const CANDIDATE = /https?:\/\/[^\s<>"'`\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gi;
const TRAILING = /[.,;:!?)\]}…]+$/;

export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const shown = trimmed(match[0]);
    const href = safeHref(shown);
    if (href === null) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index), href: null });
    pieces.push({ text: shown, href });
    end = match.index + shown.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), href: null });
  return pieces;
}

/** Leave out punctuation that ends the sentence, but keep a bracket that the address itself opened. */
function trimmed(url: string): string {
  const tail = TRAILING.exec(url)?.[0] ?? "";
  const bare = url.slice(0, url.length - tail.length);
  return tail.startsWith(")") && bare.includes("(") ? `${bare})` : bare;
}

function safeHref(url: string): string | null {
  try {
    const { protocol, href } = new URL(url);
    return protocol === "http:" || protocol === "https:" ? href : null;
  } catch {
    return null;
  }
}
