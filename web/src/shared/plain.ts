const OVERRIDES = /[\u202d\u202e]/g;

/**
 * A text from a user without the characters that force letters into another reading direction. Right-to-left
 * scripts do not need them; they are used to make a text look like another one.
 */
export function plain(text: string): string {
  return text.replace(OVERRIDES, "");
}
