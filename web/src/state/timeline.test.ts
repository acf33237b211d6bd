import { describe, expect, it } from "vitest";
import type { ChatEvent } from "@roomlog/client";
import { appendPage, applyEvents, prependPage, showPage } from "./timeline";
import type { ApiMessage, MessageItem } from "./timeline";

function stored(n: number): ApiMessage {
  return { id: `e${n}`, cursor: `1:${n}`, sender: "bob", ts: "2026-01-02T03:04:05Z", text: `text ${n}` };
}

function event(
  n: number,
  type = "MessagePosted",
  d: Record<string, unknown> = { text: `text ${n}` },
): ChatEvent {
  const ts = "2026-01-02T03:04:05Z";
  return { op: "event", room: "room", cursor: `1:${n}`, type, id: `e${n}`, sender: "bob", ts, d };
}

const ids = (items: readonly { id: string }[]) => items.map((item) => item.id);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("timeline", () => {
  it("shows what is in both the page and the replay once", () => {
    const page = showPage(range(1, 5).map(stored), false);
    expect(ids(applyEvents(page, [event(4), event(5), event(6), event(6)]).items)).toEqual([
      "e1",
      "e2",
      "e3",
      "e4",
      "e5",
      "e6",
    ]);
  });

  it("keeps the numbers of rows when older ones come before them", () => {
    const page = showPage(range(51, 60).map(stored), true);
    const longer = prependPage(page, range(41, 51).map(stored), true);
    expect(longer.items[0]?.id).toBe("e41");
    expect(longer.firstIndex + 10).toBe(page.firstIndex);
    expect(longer.items).toHaveLength(20);
  });

  it("lets the oldest go when it grows without end, and can fetch them again", () => {
    const page = showPage(range(1, 20_000).map(stored), false);
    const grown = applyEvents(page, [event(20_001)]);
    expect(grown.items.length).toBeLessThan(20_000);
    expect(grown.hasMore).toBe(true);
    expect(grown.firstIndex - page.firstIndex).toBe(20_001 - grown.items.length);
  });

  it("leaves out what comes in while it ends before the newest item, until the pages between are there", () => {
    const far = showPage(range(1, 5).map(stored), false, true);
    const changed = applyEvents(far, [event(90), event(91, "MessageEdited", { event: "e2", text: "new" })]);
    expect(ids(changed.items)).toEqual(["e1", "e2", "e3", "e4", "e5"]);
    expect(changed.items[1]).toMatchObject({ text: "new" });
    const nearer = appendPage(changed, range(5, 8).map(stored), true);
    expect(ids(nearer.items)).toEqual(["e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8"]);
    const whole = appendPage(nearer, range(9, 10).map(stored), false);
    expect(ids(applyEvents(whole, [event(10), event(11)]).items).slice(-3)).toEqual(["e9", "e10", "e11"]);
    expect(appendPage(whole, [stored(99)], true)).toBe(whole);
  });

  it("applies edits, deletions and reactions to the message they name", () => {
    const page = showPage([stored(1), stored(2)], false);
    const changed = applyEvents(page, [
      event(3, "MessageEdited", { event: "e1", text: "better" }),
      event(4, "ReactionAdded", { event: "e1", emoji: "👍" }),
      event(5, "ReactionAdded", { event: "e1", emoji: "👍" }),
      event(6, "MessageDeleted", { event: "e2" }),
      event(7, "MessageEdited", { event: "unknown", text: "nothing" }),
    ]);
    const [first, second] = changed.items as MessageItem[];
    expect(first).toMatchObject({
      text: "better",
      edited: true,
      reactions: [{ emoji: "👍", users: ["bob"] }],
    });
    expect(second).toMatchObject({ text: "text 2", deleted: true, deletedBy: "bob" });
    expect(changed.items).toHaveLength(2);
    const undone = applyEvents(changed, [event(8, "ReactionRemoved", { event: "e1", emoji: "👍" })]);
    expect((undone.items[0] as MessageItem).reactions).toEqual([]);
  });

  it("shows who came and went, and ignores kinds of events that it does not know", () => {
    const lines = applyEvents(showPage([], false), [
      event(1, "MemberJoined", { user: "carol" }),
      event(2, "SomethingNew", { user: "carol" }),
    ]);
    expect(lines.items).toMatchObject([{ kind: "notice", what: "MemberJoined", user: "carol" }]);
  });

  it("takes only strings for text", () => {
    const hostile = applyEvents(showPage([], false), [event(1, "MessagePosted", { text: { html: "<b>" } })]);
    expect(hostile.items[0]).toMatchObject({ text: "" });
  });
});
