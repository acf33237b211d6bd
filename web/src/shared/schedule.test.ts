import { expect, test } from "vitest";
import { asField, fromField, suggestions } from "./schedule";

test("a field says again what it was given", () => {
  const at = new Date(2026, 2, 4, 5, 6);
  expect(asField(at)).toBe("2026-03-04T05:06");
  expect(fromField(asField(at))).toEqual(at);
  expect(fromField("")).toBeNull();
  expect(fromField("x")).toBeNull();
});

test("suggestions are to come, and Monday is not tomorrow", () => {
  const friday = new Date(2026, 10, 27, 15, 30, 20);
  const found = suggestions(friday).map(({ name, at }) => [name, asField(at)]);
  expect(found).toEqual([
    ["In an hour", "2026-11-27T16:31"],
    ["Tomorrow morning", "2026-11-28T09:00"],
    ["Monday morning", "2026-11-30T09:00"],
  ]);
  expect(suggestions(new Date(2026, 10, 29, 12)).map((each) => each.name)).toHaveLength(2);
});
