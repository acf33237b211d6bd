/** The emoji that are offered; any other one can be typed. */

export const QUICK = ["👍", "❤️", "😂", "🎉", "😮", "🙏"] as const;

export const PALETTE: readonly (readonly [emoji: string, name: string])[] = [
  ["👍", "thumbs up"],
  ["👎", "thumbs down"],
  ["❤️", "heart"],
  ["😂", "tears of joy"],
  ["😀", "grinning"],
  ["😊", "smiling"],
  ["😍", "heart eyes"],
  ["😎", "sunglasses"],
  ["🤔", "thinking"],
  ["😮", "surprised"],
  ["😢", "crying"],
  ["😡", "angry"],
  ["🙄", "rolling eyes"],
  ["😅", "relieved sweat"],
  ["🤯", "mind blown"],
  ["🥳", "party face"],
  ["🙏", "folded hands"],
  ["👏", "clapping"],
  ["🙌", "raised hands"],
  ["💪", "strong"],
  ["👀", "eyes"],
  ["🤝", "handshake"],
  ["👋", "waving"],
  ["🤷", "shrug"],
  ["🎉", "party popper"],
  ["🔥", "fire"],
  ["🚀", "rocket"],
  ["💯", "hundred"],
  ["✅", "check mark"],
  ["❌", "cross mark"],
  ["⚠️", "warning"],
  ["❓", "question mark"],
  ["💡", "idea"],
  ["⏳", "hourglass"],
  ["☕", "coffee"],
  ["🍰", "cake"],
];

const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u;

/** The first emoji of what somebody typed, or null. One emoji may consist of several characters. */
export function firstEmoji(typed: string): string | null {
  for (const { segment } of new Intl.Segmenter().segment(typed)) if (EMOJI.test(segment)) return segment;
  return null;
}
