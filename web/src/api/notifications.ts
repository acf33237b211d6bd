/** The REST calls about notifications and muted rooms. */

import type { MuteLevel, RestClient } from "@roomlog/client";
import type { Mute } from "../state/unread";
import type { Users } from "./chat";

export type NotificationKind =
  "mention" | "direct" | "invite" | "workspace_invite" | "friend_request" | "friend_accepted";

export interface Notification {
  /** The event that it is about. */
  id: string;
  kind: NotificationKind;
  room: string | null;
  sender: string;
  ts: string;
  text: string | null;
  read: boolean;
  /** Where it is in the list. */
  place: string;
}

export interface NotificationPage {
  items: Notification[];
  users: Users;
  rooms: Record<string, { id: string; name: string; kind: string }>;
  next: string | null;
  unread: number;
  capped: boolean;
}

/** An event of a room. */
export interface Place {
  room: string;
  cursor: string;
}

interface MutedRoom {
  mute: Mute | null;
}

export class NotificationApi {
  constructor(private readonly rest: RestClient) {}

  list(query: { unread: boolean; limit: number; after: string | null }): Promise<NotificationPage> {
    return this.rest.get("/notifications", { query });
  }

  /** How many are unread, once those up to a place in a room are counted. */
  async count(place: Place | null): Promise<number> {
    const heard = { room: place?.room, after_cursor: place?.cursor };
    const page: NotificationPage = await this.rest.get("/notifications", {
      query: { unread: true, limit: 1, ...heard },
    });
    return page.unread;
  }

  read(which: { events: string[] } | { up_to: string }): Promise<{ read: number }> {
    return this.rest.post("/notifications/read", which);
  }

  async mute(room: string, level: MuteLevel, until: string | null): Promise<Mute | null> {
    const path = `/rooms/${encodeURIComponent(room)}/mute`;
    return (await this.rest.request<MutedRoom>("PUT", path, { body: { level, until } })).mute;
  }

  async unmute(room: string): Promise<void> {
    await this.rest.request("DELETE", `/rooms/${encodeURIComponent(room)}/mute`, {});
  }
}
