/** The REST calls for messages that are to be sent later. */

import type { RestClient } from "@roomlog/client";
import type { Scheduled } from "../state/scheduled";

export interface NewScheduled {
  text: string;
  send_at: string;
  reply_to?: string;
  mentions: readonly string[];
  attachments: readonly { file_id: string }[];
}

export class ScheduledApi {
  constructor(private readonly rest: RestClient) {}

  async list(): Promise<Scheduled[]> {
    return (await this.rest.get<{ items: Scheduled[] }>("/scheduled")).items;
  }

  /** The same key again schedules nothing twice. */
  add(room: string, message: NewScheduled, key: string): Promise<Scheduled> {
    return this.rest.post(`/rooms/${encodeURIComponent(room)}/messages`, message, { key });
  }

  change(id: string, body: { text: string; send_at: string }): Promise<Scheduled> {
    return this.rest.request("PATCH", `/scheduled/${encodeURIComponent(id)}`, { body });
  }

  cancel(id: string): Promise<Scheduled> {
    return this.rest.request("DELETE", `/scheduled/${encodeURIComponent(id)}`, {});
  }
}
