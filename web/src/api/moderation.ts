/** The REST calls of moderation: of a room, or of a workspace and all its rooms. */

import type { RestClient } from "@roomlog/client";
import type { Users } from "./chat";

export interface ReportedMessage {
  id: string;
  room: string;
  sender: string;
  ts: string;
  text: string | null;
  deleted_at: string | null;
  reports: { user: string; is_flag: boolean; reason: string; ts: string }[];
}

export type FilterAction = "refuse" | "mask" | "flag";
export type Outcome = "dismissed" | "deleted" | "muted" | "removed" | "banned";

export interface Holds {
  mutes: { user: string; until: string | null; reason: string }[];
  bans: { user: string; reason: string }[];
  filters: { words: string; action: FilterAction }[];
  users: Users;
}

export interface AuditEntry {
  room: string;
  cursor: string;
  event: string;
  actor: string;
  type: string;
  d: Record<string, unknown>;
  ts: string;
}

export interface AuditPage {
  items: AuditEntry[];
  users: Users;
  next: string | null;
}

interface Stored {
  cursor: string | null;
}

export class ModerationApi {
  constructor(private readonly rest: RestClient) {}

  async report(message: string, reason: string): Promise<void> {
    await this.rest.post(`/messages/${encodeURIComponent(message)}/report`, { reason });
  }

  queue(room: string, afterCursor: string | null): Promise<{ items: ReportedMessage[]; users: Users }> {
    return this.rest.get("/reports", { query: { room, after_cursor: afterCursor } });
  }

  resolve(message: string, action: Outcome): Promise<Stored> {
    return this.rest.post(`/reports/${encodeURIComponent(message)}/resolve`, { action });
  }

  holds(room: string, afterCursor: string | null): Promise<Holds> {
    return this.rest.get(`${at(room)}/moderation`, { query: { after_cursor: afterCursor } });
  }

  audit(room: string, before: string | null): Promise<AuditPage> {
    return this.rest.get(`${at(room)}/audit`, { query: { before } });
  }

  mute(room: string, user: string, until: string | null): Promise<Stored> {
    return this.rest.request("PUT", `${at(room)}/mutes/${encodeURIComponent(user)}`, { body: { until } });
  }

  unmute(room: string, user: string): Promise<Stored> {
    return this.rest.request("DELETE", `${at(room)}/mutes/${encodeURIComponent(user)}`, {});
  }

  ban(room: string, user: string, reason: string): Promise<Stored> {
    return this.rest.request("PUT", `${at(room)}/bans/${encodeURIComponent(user)}`, { body: { reason } });
  }

  unban(room: string, user: string): Promise<Stored> {
    return this.rest.request("DELETE", `${at(room)}/bans/${encodeURIComponent(user)}`, {});
  }

  /** Say what becomes of messages with some words; null: nothing any more. */
  filter(room: string, words: string, action: FilterAction | null): Promise<Stored> {
    return this.rest.request("PUT", `${at(room)}/filters`, { body: { words, action } });
  }
}

function at(room: string): string {
  return `/rooms/${encodeURIComponent(room)}`;
}
