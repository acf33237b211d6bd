import { expect, it } from "vitest";
import type { MessageItem } from "../../state/timeline";
import { actionText, rowShape } from "./rows";

const NOON = new Date(2026, 0, 2, 12).getTime();

function message(fields: Partial<MessageItem> = {}): MessageItem {
  const common = {
    replyTo: null,
    edited: false,
    deleted: false,
    reactions: [],
    mentions: [],
    attachments: [],
    replies: 0,
  };
  return {
    kind: "message",
    id: "e1",
    cursor: "1:1",
    sender: "bob",
    at: NOON,
    text: "hi",
    ...common,
    withheld: false,
    deletedBy: null,
    ...fields,
  };
}

it("puts what one person says in a row under one name", () => {
  expect(rowShape(message(), message({ at: NOON + 60_000 }), null)).toEqual({
    day: false,
    unread: false,
    head: false,
  });
});

it.each([
  ["another person", message({ sender: "alice" })],
  ["a pause", message({ at: NOON + 6 * 60_000 })],
  ["an answer", message({ replyTo: "e0" })],
  ["an action", message({ text: "/me waves" })],
])("shows the name again after %s", (_, next) => {
  expect(rowShape(message(), next, null).head).toBe(true);
});

it("draws the date above the first message of a day, and New above the first that was not read", () => {
  expect(rowShape(undefined, message(), null).day).toBe(true);
  expect(rowShape(message(), message({ at: NOON + 86_400_000 }), null).day).toBe(true);
  expect(rowShape(message({ cursor: "1:0" }), message(), "1:1")).toEqual({
    day: false,
    unread: true,
    head: true,
  });
});

it("reads /me as an action only with words after it", () => {
  expect(actionText("/me waves")).toBe("waves");
  expect(actionText("/me ")).toBeNull();
  expect(actionText("/mean text")).toBeNull();
});
