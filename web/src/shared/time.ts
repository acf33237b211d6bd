/** Times as people read them, in the language and zone of the browser. */

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const SHORT = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const BRIEF = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export const clock = (at: number): string => (Number.isFinite(at) ? CLOCK.format(at) : "");
/** For narrow places: without morning and afternoon. */
export const shortClock = (at: number): string => (Number.isFinite(at) ? SHORT.format(at) : "");
/** A day and a time, for a place without a heading of its day. */
export const briefTime = (at: number): string => (Number.isFinite(at) ? BRIEF.format(at) : "");
export const fullTime = (at: number): string => (Number.isFinite(at) ? FULL.format(at) : "");

/** Whether two times are on different days of the local calendar. */
export function isNewDay(before: number, after: number): boolean {
  return new Date(before).toDateString() !== new Date(after).toDateString();
}

/** "Today", "Yesterday" or the date; `now` and `at` in milliseconds. */
export function dayName(at: number, now: number): string {
  if (!Number.isFinite(at)) return "";
  if (!isNewDay(at, now)) return "Today";
  if (!isNewDay(at, now - 86_400_000)) return "Yesterday";
  return DAY.format(at);
}

/** When a day such as `2026-01-31` begins where the reader is, or a day later; null for what is none. */
export function dayStart(day: string, later = 0): Date | null {
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day) ?? [];
  if (year === undefined) return null;
  const start = new Date(Number(year), Number(month) - 1, Number(date) + later);
  return Number.isNaN(start.getTime()) ? null : start;
}
