import { expect, test } from "vitest";
import { newlyRefused, nextLook } from "./scheduled";
import type { Scheduled } from "./scheduled";

const NOON = Date.parse("2026-01-02T12:00:00Z");

function scheduled(id: string, state: Scheduled["state"], send_at = "2026-01-02T12:00:10Z"): Scheduled {
  return { id, room: "r", text: "t", attachments: [], send_at, state, reason: "" };
}

test("one looks again once the next one may be sent", () => {
  expect(nextLook([scheduled("a", "refused")], NOON)).toBeNull();
  expect(nextLook([scheduled("a", "waiting"), scheduled("b", "refused")], NOON)).toBe(12_000);
  expect(nextLook([scheduled("a", "sending", "2026-01-02T11:00:00Z")], NOON)).toBe(2_000);
});

test("a refusal is news once", () => {
  const refused = [scheduled("a", "refused"), scheduled("b", "refused")];
  expect(newlyRefused([scheduled("a", "sending"), scheduled("b", "refused")], refused)).toEqual([refused[0]]);
});
