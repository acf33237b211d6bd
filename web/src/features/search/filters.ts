/** What a search is narrowed down to, and how its results stand together. Pure. */

import type { FoundMessage, FoundPage, SearchQuery } from "../../api/chat";
import { dayStart } from "../../shared/time";

export type Sort = "newest" | "relevance";
export type Period = "day" | "week" | "month" | "year";

export interface Filters {
  room: { id: string; name: string } | null;
  from: { id: string; name: string } | null;
  has: "link" | "file" | null;
  /** A recent time, or days of the local calendar as `2026-01-31`, both included. */
  when: Period | { since: string; until: string } | null;
  sort: Sort;
}

export const NO_FILTERS: Filters = { room: null, from: null, has: null, when: null, sort: "newest" };

export const PERIODS: Readonly<Record<Period, string>> = {
  day: "Past day",
  week: "Past week",
  month: "Past month",
  year: "Past year",
};
const DAY_MS = 86_400_000;
const DAYS: Readonly<Record<Period, number>> = { day: 1, week: 7, month: 31, year: 366 };

/** The request for a text and its filters; null where there is nothing to look for yet. `now` in milliseconds. */
export function toQuery(text: string, filters: Filters, now: number): SearchQuery | null {
  const { room, from, has, when, sort } = filters;
  const q = text.trim();
  if (q === "" && from === null && has === null && when === null) return null;
  const query: SearchQuery = { q, sort };
  if (room) query.room = room.id;
  if (from) query.from = from.id;
  if (has) query.has = has;
  if (typeof when === "string") query.since = new Date(now - DAYS[when] * DAY_MS).toISOString();
  else if (when) Object.assign(query, daysOf(when));
  return query;
}

/** Local days as moments: a day begins where the reader is. */
function daysOf({ since, until }: { since: string; until: string }): Pick<SearchQuery, "since" | "until"> {
  const found: Pick<SearchQuery, "since" | "until"> = {};
  const start = dayStart(since);
  const end = dayStart(until, 1);
  if (start) found.since = start.toISOString();
  if (end) found.until = end.toISOString();
  return found;
}

export function whenLabel(when: NonNullable<Filters["when"]>): string {
  if (typeof when === "string") return PERIODS[when];
  const { since, until } = when;
  if (since && until) return since === until ? since : `${since} to ${until}`;
  return since ? `Since ${since}` : `Until ${until}`;
}

export interface Group {
  room: FoundPage["rooms"][string];
  items: FoundMessage[];
}

/** What was found, room by room; rooms in the order of their first result. */
export function byRoom(items: readonly FoundMessage[], rooms: FoundPage["rooms"]): Group[] {
  const groups = new Map<string, Group>();
  for (const item of items) {
    const group = groups.get(item.room);
    const room = rooms[item.room];
    if (group) group.items.push(item);
    else if (room) groups.set(item.room, { room, items: [item] });
  }
  return [...groups.values()];
}
