import type { ChatEvent } from "@roomlog/client";
import { expect, test } from "vitest";
import { applyToPins } from "./pins";

function event(type: string, message: string): ChatEvent {
  return { op: "event", room: "r", cursor: "1:1", type, id: "e", sender: "u", ts: "", d: { event: message } };
}

test("pins come first, once, and go with an unpin or their message", () => {
  const pinned = applyToPins(
    [],
    ["a", "b", "a"].map((each) => event("MessagePinned", each)),
  );
  expect(pinned).toEqual(["b", "a"]);
  expect(applyToPins(pinned, [event("MessageUnpinned", "a")])).toEqual(["b"]);
  expect(applyToPins(pinned, [event("MessageDeleted", "b")])).toEqual(["a"]);
  expect(applyToPins(pinned, [event("MessageEdited", "b"), event("MessageUnpinned", "c")])).toBe(pinned);
});
