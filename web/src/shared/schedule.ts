/** Times to choose from for sending later, in the zone of the browser. */

const HOUR_MS = 3_600_000;
const MORNING = 9;

/** A time as a field of type `datetime-local` has it. */
export function asField(at: Date): string {
  const pad = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${day}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

/** What such a field says; null for nothing. */
export function fromField(text: string): Date | null {
  const at = new Date(text);
  return text === "" || Number.isNaN(at.getTime()) ? null : at;
}

/** Names and times that people often want. */
export function suggestions(now: Date): { name: string; at: Date }[] {
  const inAnHour = new Date(Math.ceil((now.getTime() + HOUR_MS) / 60_000) * 60_000);
  const daysToMonday = (8 - now.getDay()) % 7 || 7;
  return [
    { name: "In an hour", at: inAnHour },
    { name: "Tomorrow morning", at: morning(now, 1) },
    ...(daysToMonday > 1 ? [{ name: "Monday morning", at: morning(now, daysToMonday) }] : []),
  ];
}

function morning(now: Date, days: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, MORNING);
}
