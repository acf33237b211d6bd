/** The server's limit on a text (`limits.text_chars` of its greeting), in characters as it counts them. */
export const LONGEST = 8_000;

export function lengthOf(text: string): number {
  return Array.from(text).length;
}
