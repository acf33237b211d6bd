/** The REST calls of hooks, by which other systems post, and of webhooks, by which they hear of events. */

import type { RestClient } from "@roomlog/client";

/** An incoming hook. */
export interface Hook {
  id: string;
  name: string;
  created_by: string;
  created_at: string;
}

/** A token is shown once; `path` holds it. */
export interface HookToken {
  id: string;
  path: string;
}

/** Where events are sent, and how that goes. */
export interface Webhook {
  id: string;
  url: string;
  types: string[];
  state: "active" | "paused";
  reason: string | null;
  waiting: number;
  behind: boolean;
  dead: number;
  last_attempt_at: string | null;
  last_status: number | null;
  last_error: string | null;
}

export interface WebhookSecret {
  id: string;
  secret: string;
}

export interface Delivery {
  id: string;
  cursor: string;
  room: string;
  type: string;
  state: "waiting" | "delivered" | "dead";
  attempts: number;
  created_at: string;
  status: number | null;
  error: string | null;
}

export class IntegrationApi {
  constructor(private readonly rest: RestClient) {}

  async hooks(room: string): Promise<Hook[]> {
    const answer = await this.rest.get<{ items: Hook[] }>(path("rooms", room, "hooks"));
    return answer.items;
  }

  makeHook(room: string, name: string): Promise<HookToken> {
    return this.rest.post(path("rooms", room, "hooks"), { name });
  }

  rotateHook(room: string, hook: string): Promise<HookToken> {
    return this.rest.post(path("rooms", room, "hooks", hook, "rotate"));
  }

  revokeHook(room: string, hook: string): Promise<unknown> {
    return this.rest.request("DELETE", path("rooms", room, "hooks", hook), {});
  }

  async webhooks(room: string): Promise<Webhook[]> {
    const answer = await this.rest.get<{ items: Webhook[] }>("/webhooks", { query: { room } });
    return answer.items;
  }

  makeWebhook(room: string, url: string, types: string[]): Promise<WebhookSecret> {
    return this.rest.post("/webhooks", { room, url, types });
  }

  rotateWebhook(webhook: string): Promise<WebhookSecret> {
    return this.rest.post(path("webhooks", webhook, "rotate"));
  }

  pause(webhook: string, paused: boolean): Promise<Webhook> {
    return this.rest.request("PATCH", path("webhooks", webhook), { body: { paused } });
  }

  removeWebhook(webhook: string): Promise<unknown> {
    return this.rest.request("DELETE", path("webhooks", webhook), {});
  }

  async deliveries(webhook: string): Promise<Delivery[]> {
    const at = path("webhooks", webhook, "deliveries");
    return (await this.rest.get<{ items: Delivery[] }>(at, { query: { limit: 20 } })).items;
  }

  /** Send one that was given up once more. */
  sendAgain(webhook: string, delivery: string): Promise<unknown> {
    return this.rest.post(path("webhooks", webhook, "replay"), { delivery });
  }

  /** Send everything from a delivery's place on once more. */
  sendFrom(webhook: string, room: string, cursor: string): Promise<unknown> {
    return this.rest.post(path("webhooks", webhook, "replay"), { room, cursor });
  }
}

function path(...parts: string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join("");
}
