import { describe, expect, it } from "vitest";
import type { FoundMessage } from "../../api/chat";
import { dayStart } from "../../shared/time";
import { byRoom, NO_FILTERS, toQuery, whenLabel } from "./filters";

const NOW = Date.UTC(2026, 2, 15, 12);
const ADA = { id: "u1", name: "Ada" };

describe("what is asked for", () => {
  it("is nothing without a word or a filter that is worth a search", () => {
    expect(toQuery("  ", NO_FILTERS, NOW)).toBeNull();
    expect(toQuery("", { ...NO_FILTERS, room: { id: "r", name: "general" } }, NOW)).toBeNull();
    expect(toQuery("", { ...NO_FILTERS, from: ADA }, NOW)).toEqual({ q: "", sort: "newest", from: "u1" });
  });

  it("has every filter that is set", () => {
    const room = { id: "r", name: "general" };
    const filters = { room, from: ADA, has: "link", when: "week", sort: "relevance" } as const;
    expect(toQuery(" deploy* ", filters, NOW)).toEqual({
      q: "deploy*",
      room: "r",
      from: "u1",
      has: "link",
      since: "2026-03-08T12:00:00.000Z",
      sort: "relevance",
    });
  });

  it("counts days from midnight to midnight where the reader is", () => {
    const when = { since: "2026-01-31", until: "2026-01-31" };
    const query = toQuery("x", { ...NO_FILTERS, when }, NOW);
    expect(query?.since).toBe(new Date(2026, 0, 31).toISOString());
    expect(query?.until).toBe(new Date(2026, 1, 1).toISOString());
    const open = toQuery("x", { ...NO_FILTERS, when: { since: "", until: "2026-01-31" } }, NOW);
    expect(open).not.toHaveProperty("since");
  });

  it("takes only days for days", () => {
    for (const day of ["", "today", "2026-1-1", "2026-01-31T00:00"]) expect(dayStart(day)).toBeNull();
  });

  it("is named on its chip", () => {
    expect(whenLabel("week")).toBe("Past week");
    expect(whenLabel({ since: "2026-01-31", until: "2026-01-31" })).toBe("2026-01-31");
    expect(whenLabel({ since: "2026-01-31", until: "" })).toBe("Since 2026-01-31");
    expect(whenLabel({ since: "", until: "2026-01-31" })).toBe("Until 2026-01-31");
  });
});

it("puts what was found together by room, in the order of the first results", () => {
  const found = (id: string, room: string) => ({ id, room }) as FoundMessage;
  const rooms = {
    a: { id: "a", name: "A", kind: "public" },
    b: { id: "b", name: "B", kind: "private" },
  } as const;
  const groups = byRoom([found("1", "b"), found("2", "a"), found("3", "b"), found("4", "gone")], rooms);
  expect(groups.map((group) => [group.room.name, group.items.map((item) => item.id)])).toEqual([
    ["B", ["1", "3"]],
    ["A", ["2"]],
  ]);
});
