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

/** What is moderated: the path of a room, or of a workspace and all its rooms. */
export type Place = `/rooms/${string}` | `/workspaces/${string}`;

/** The id of what is moderated. */
export function idOf(place: Place): string {
  return decodeURIComponent(place.slice(place.lastIndexOf("/") + 1));
}

export function placeOf(of: "rooms" | "workspaces", id: string): Place {
  return `/${of}/${encodeURIComponent(id)}`;
}

interface Stored {
  cursor: string | null;
}

export class ModerationApi {
  constructor(private readonly rest: RestClient) {}

  async report(message: string, reason: string): Promise<void> {
    await this.rest.post(`/messages/${encodeURIComponent(message)}/report`, { reason });
  }

  queue(place: Place): Promise<{ items: ReportedMessage[]; users: Users }> {
    const id = idOf(place);
    return this.rest.get(
      "/reports",
      place.startsWith("/rooms/") ? { query: { room: id } } : { workspace: id },
    );
  }

  /** Wait until the read model of a room has reached a cursor. */
  async settled(room: string, afterCursor: string | null): Promise<void> {
    await this.rest.get("/reports", { query: { room, limit: 1, after_cursor: afterCursor } });
  }

  resolve(message: string, action: Outcome): Promise<Stored> {
    return this.rest.post(`/reports/${encodeURIComponent(message)}/resolve`, { action });
  }

  holds(place: Place, afterCursor: string | null): Promise<Holds> {
    return this.rest.get(`${place}/moderation`, { query: { after_cursor: afterCursor } });
  }

  audit(place: Place, before: string | null): Promise<AuditPage> {
    return this.rest.get(`${place}/audit`, { query: { before } });
  }

  mute(place: Place, user: string, until: string | null): Promise<Stored> {
    return this.rest.request("PUT", `${place}/mutes/${encodeURIComponent(user)}`, { body: { until } });
  }

  unmute(place: Place, user: string): Promise<Stored> {
    return this.rest.request("DELETE", `${place}/mutes/${encodeURIComponent(user)}`, {});
  }

  ban(place: Place, user: string, reason: string): Promise<Stored> {
    return this.rest.request("PUT", `${place}/bans/${encodeURIComponent(user)}`, { body: { reason } });
  }

  unban(place: Place, user: string): Promise<Stored> {
    return this.rest.request("DELETE", `${place}/bans/${encodeURIComponent(user)}`, {});
  }

  /** Say what becomes of messages with some words; null: nothing any more. */
  filter(place: Place, words: string, action: FilterAction | null): Promise<Stored> {
    return this.rest.request("PUT", `${place}/filters`, { body: { words, action } });
  }
}
