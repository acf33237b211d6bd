/** The REST calls about web push and mails. */

import type { RestClient } from "@roomlog/client";

export interface PushSettings {
  /** What browsers subscribe with; null where the server sends no pushes. */
  key: string | null;
}

export class PushApi {
  constructor(private readonly rest: RestClient) {}

  settings(): Promise<PushSettings> {
    return this.rest.get("/push");
  }

  subscribe(subscription: PushSubscriptionJSON): Promise<{ id: string }> {
    const { endpoint, keys } = subscription;
    return this.rest.post("/push/subscriptions", { endpoint, keys });
  }

  async unsubscribe(id: string): Promise<void> {
    await this.rest.request("DELETE", `/push/subscriptions/${encodeURIComponent(id)}`, {});
  }
}
