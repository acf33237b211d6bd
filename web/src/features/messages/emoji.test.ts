import { expect, it } from "vitest";
import { firstEmoji, PALETTE } from "./emoji";

it.each([
  ["🦊", "🦊"],
  ["ok 👩‍👩‍👧‍👦 family", "👩‍👩‍👧‍👦"],
  ["🇩🇰", "🇩🇰"],
  ["1️⃣", "1️⃣"],
  ["👍🏽👍", "👍🏽"],
  ["words", null],
  ["12", null],
  ["", null],
])("finds in %j the emoji %j", (typed, expected) => {
  expect(firstEmoji(typed)).toBe(expected);
});

it("offers nothing that the server would refuse, and nothing twice", () => {
  for (const [emoji] of PALETTE) expect(emoji).toMatch(/^\S{1,32}$/u);
  expect(new Set(PALETTE.map(([emoji]) => emoji)).size).toBe(PALETTE.length);
});
