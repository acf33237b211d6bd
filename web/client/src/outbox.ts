import type { Ack, ErrorReply, RepeatableCommand } from "./protocol";
import { backoffMs } from "./policy";

/** A command is given up as failed after this long without an answer; the same key may be tried again. */
export const GIVE_UP_MS = 120_000;

const OVERDUE_MS = 5_000;

export class CommandFailed extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface Entry {
  command: RepeatableCommand;
  lane: string;
  id: number | null;
  sentAt: number;
  attempts: number;
  notBefore: number;
  giveUpAt: number;
  resolve(ack: Ack): void;
  reject(error: CommandFailed): void;
}

/**
 * Commands that wait for their ack, in lanes (one per room): within a lane one at a time, so that a retry
 * never overtakes what was written after it. What is in flight when a connection ends goes out again with
 * the same key, and so takes effect once.
 */
export class Outbox {
  private entries: Entry[] = [];

  get size(): number {
    return this.entries.length;
  }

  /** Queue a command; resolves with its ack, rejects with CommandFailed. Times are milliseconds. */
  add(command: RepeatableCommand, now: number): Promise<Ack> {
    const lane = laneOf(command);
    return new Promise((resolve, reject) => {
      const giveUpAt = now + GIVE_UP_MS;
      this.entries.push({
        command,
        lane,
        id: null,
        sentAt: 0,
        attempts: 0,
        notBefore: now,
        giveUpAt,
        resolve,
        reject,
      });
    });
  }

  /** Take what may be sent now; `nextId` numbers each. */
  due(now: number, nextId: () => number): (RepeatableCommand & { id: number })[] {
    const ready: (RepeatableCommand & { id: number })[] = [];
    for (const entry of this.heads()) {
      if (entry.id !== null || entry.notBefore > now) continue;
      entry.id = nextId();
      entry.sentAt = now;
      ready.push({ ...entry.command, id: entry.id });
    }
    return ready;
  }

  /** Milliseconds until this outbox wants attention again, or null while it is empty. */
  wait(now: number, connected: boolean): number | null {
    const times = this.entries.map((entry) => entry.giveUpAt);
    if (connected) {
      for (const head of this.heads())
        times.push(head.id === null ? head.notBefore : head.sentAt + OVERDUE_MS);
    }
    return times.length === 0 ? null : Math.max(0, Math.min(...times) - now);
  }

  /** Whether a command in flight has waited so long that the connection should be checked. */
  overdue(now: number): boolean {
    const late = this.entries.filter((entry) => entry.id !== null && entry.sentAt + OVERDUE_MS <= now);
    for (const entry of late) entry.sentAt = now;
    return late.length > 0;
  }

  acked(ack: Ack): boolean {
    const entry = this.take(ack.id);
    entry?.resolve(ack);
    return entry !== null;
  }

  /** Handle an error reply: a retryable one keeps the command queued, another one fails it. */
  refused(reply: ErrorReply, now: number, random: number): boolean {
    const entry = this.entries.find((each) => each.id !== null && each.id === reply.id);
    if (!entry) return false;
    if (reply.retryable) {
      entry.id = null;
      entry.notBefore = now + Math.max(reply.retry_after_ms ?? 0, backoffMs(entry.attempts, random));
      entry.attempts += 1;
      return true;
    }
    this.take(entry.id);
    entry.reject(new CommandFailed(reply.code, reply.message ?? reply.code));
    return true;
  }

  /** The connection ended: nobody knows what became of commands in flight, so they go out again. */
  disconnected(): void {
    for (const entry of this.entries) {
      entry.id = null;
      entry.notBefore = 0;
    }
  }

  /** Fail everything, for instance because the person signed out. */
  abandon(code: string, message: string): void {
    const entries = this.entries;
    this.entries = [];
    for (const entry of entries) entry.reject(new CommandFailed(code, message));
  }

  private heads(): Entry[] {
    const lanes = new Map<string, Entry>();
    for (const entry of this.entries) if (!lanes.has(entry.lane)) lanes.set(entry.lane, entry);
    return [...lanes.values()];
  }

  /** Fail what waited too long; its fate is unknown, and the same key may be tried again. */
  expire(now: number): void {
    const late = this.entries.filter((entry) => entry.giveUpAt <= now);
    if (late.length === 0) return;
    this.entries = this.entries.filter((entry) => entry.giveUpAt > now);
    for (const entry of late) {
      entry.reject(
        new CommandFailed("timeout", "No answer from the server. Check the connection and try again."),
      );
    }
  }

  private take(id: number | null): Entry | null {
    const index = this.entries.findIndex((entry) => entry.id !== null && entry.id === id);
    return index < 0 ? null : (this.entries.splice(index, 1)[0] ?? null);
  }
}

/** Markers have lanes of their own: neither they nor what is written waits for the other. */
function laneOf(command: RepeatableCommand): string {
  if (command.op === "create") return `create:${command.key}`;
  if (command.op === "read_notifications") return command.op;
  if (command.op === "mute" || command.op === "unmute") return `mute:${command.room}`;
  return command.op === "read" ? `read:${command.room}` : command.room;
}
