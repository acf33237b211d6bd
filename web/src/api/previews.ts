/** What links lead to, as the server saw it. */

import { ApiError } from "@roomlog/client";
import type { RestClient } from "@roomlog/client";

export interface LinkPreview {
  url: string;
  title: string;
  description: string;
  site: string;
  image: { url: string; width: number; height: number } | null;
}

const KEPT = 500;

/** Each address is asked for once as long as the page lives; null where there is no preview. */
export class PreviewsApi {
  private readonly kept = new Map<string, LinkPreview | null>();
  private readonly asked = new Map<string, Promise<LinkPreview | null>>();

  constructor(private readonly rest: RestClient) {}

  /** What is known already; undefined: nothing. */
  known(url: string): LinkPreview | null | undefined {
    return this.kept.get(url);
  }

  find(url: string): Promise<LinkPreview | null> {
    const running = this.asked.get(url) ?? this.fetch(url);
    this.asked.set(url, running);
    return running;
  }

  private async fetch(url: string): Promise<LinkPreview | null> {
    try {
      return this.keep(url, await this.rest.get<LinkPreview>("/link-previews", { query: { url } }));
    } catch (error) {
      // What failed only for now may be asked for again, when its row comes onto the screen again.
      return error instanceof ApiError && !error.retryable ? this.keep(url, null) : null;
    } finally {
      this.asked.delete(url);
    }
  }

  private keep(url: string, found: LinkPreview | null): LinkPreview | null {
    const oldest = this.kept.keys().next();
    if (this.kept.size >= KEPT && !oldest.done) this.kept.delete(oldest.value);
    this.kept.set(url, found);
    return found;
  }
}
