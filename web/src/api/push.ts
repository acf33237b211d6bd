/** The REST calls about web push and mails. */

import type { RestClient } from "@roomlog/client";

export interface PushSettings {
  /** What browsers subscribe with; null where the server sends no pushes. */
  key: string | null;
}

export interface MailSettings {
  /** Whether the server sends mails. */
  available: boolean;
  address: string | null;
  /** Whether the person wants them. */
  digest: boolean;
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

  mail(): Promise<MailSettings> {
    return this.rest.get("/mail");
  }

  wantMail(digest: boolean): Promise<MailSettings> {
    return this.rest.request("PUT", "/mail", { body: { digest } });
  }
}
