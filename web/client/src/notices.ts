import type { Notice } from "./protocol";

const REMEMBERED = 1_000;

/** Which notices came already: nodes send each at least once. */
export class Notices {
  private readonly seen = new Set<string>();

  /** Say whether a notice is to be handed on; what says how things are now always is. */
  isNew(notice: Notice): boolean {
    if (!("event" in notice)) return true;
    const name = `${notice.kind}:${notice.event}`;
    if (this.seen.has(name)) return false;
    this.seen.add(name);
    if (this.seen.size > REMEMBERED) {
      const oldest = this.seen.values().next().value;
      if (oldest !== undefined) this.seen.delete(oldest);
    }
    return true;
  }
}
