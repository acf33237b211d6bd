/** Signing up, in and out, and keeping the session's access token fresh. Tokens live in httpOnly cookies. */

import { ApiError } from "@roomlog/client";
import type { RestClient } from "@roomlog/client";

export interface Me {
  id: string;
  name: string;
  email: string;
}

interface SignedIn {
  access_token?: string;
  user?: Me;
}

const RENEWED_AT = "roomlog:renewed-at";
const LOCK = "roomlog:renew";

/** `renewed` by this page or another tab; `signed_out`: the person has to sign in again. */
export type Renewal = "renewed" | "signed_out";

export class AuthApi {
  private token: string | null = null;
  private watcher: ((token: string) => void) | null = null;
  private running: Promise<Renewal> | null = null;

  /** `rest` must not renew by itself: that would ask this object again. */
  constructor(private readonly rest: RestClient) {}

  /** Be told of the newest access token and each later one, so that an open WebSocket can renew in place. */
  watchToken(watcher: (token: string) => void): () => void {
    this.watcher = watcher;
    if (this.token !== null) watcher(this.token);
    return () => (this.watcher = null);
  }

  async register(email: string, name: string, password: string): Promise<Me> {
    return this.signedIn(await this.rest.post<SignedIn>("/auth/register", { email, name, password }));
  }

  async login(email: string, password: string): Promise<Me> {
    return this.signedIn(await this.rest.post<SignedIn>("/auth/login", { email, password }));
  }

  async logout(): Promise<void> {
    this.token = null;
    await this.rest.post("/auth/logout");
  }

  /** Who is signed in, or null. Throws ApiError when the server cannot say. */
  async me(): Promise<Me | null> {
    try {
      return await this.askMe();
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
    }
    return (await this.renew()) === "renewed" ? this.askMe() : null;
  }

  /** Renew the access token; one at a time over all tabs, because a refresh token can be used only once. */
  renew(): Promise<Renewal> {
    this.running ??= this.exclusively().finally(() => (this.running = null));
    return this.running;
  }

  private async exclusively(): Promise<Renewal> {
    const since = Date.now();
    // Web Locks exist on https and localhost only; elsewhere two tabs may collide, and one signs in again.
    if (!("locks" in navigator)) return this.refresh();
    return navigator.locks.request(LOCK, () => {
      const renewedAt = Number(localStorage.getItem(RENEWED_AT) ?? 0);
      return renewedAt >= since ? "renewed" : this.refresh();
    });
  }

  private async refresh(): Promise<Renewal> {
    try {
      this.signedIn(await this.rest.post<SignedIn>("/auth/refresh"));
      return "renewed";
    } catch (error) {
      if (isUnauthorized(error)) return "signed_out";
      throw error;
    }
  }

  private signedIn(answer: SignedIn | undefined): Me {
    localStorage.setItem(RENEWED_AT, String(Date.now()));
    this.token = answer?.access_token ?? null;
    if (this.token !== null) this.watcher?.(this.token);
    return answer?.user ?? { id: "", name: "", email: "" };
  }

  private async askMe(): Promise<Me> {
    const answer = await this.rest.get<Me | { user: Me }>("/auth/me");
    return "user" in answer ? answer.user : answer;
  }
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.status === 403);
}

/** Milliseconds until a JWT expires, or null when it does not say. The token is not checked, only read. */
export function expiresIn(token: string, now: number): number | null {
  try {
    const payload = token.split(".")[1] ?? "";
    const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as { exp?: unknown };
    return typeof claims.exp === "number" ? claims.exp * 1000 - now : null;
  } catch {
    return null;
  }
}
