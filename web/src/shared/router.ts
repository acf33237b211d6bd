import { useSyncExternalStore } from "react";

/** Where in the app the address bar points; the part after `#`, so that any static server can serve the page. */
export type Route =
  | { page: "home" }
  | { page: "sign-up" }
  | { page: "invite"; token: string }
  | { page: "room"; room: string; message: string | null };

export const HOME = "#/";
export const SIGN_UP = "#/sign-up";
export const SIGN_IN = "#/sign-in";

/** The address of a room, or of one message in it. */
export function roomHref(room: string, message: string | null = null): string {
  const path = `#/rooms/${encodeURIComponent(room)}`;
  return message === null ? path : `${path}/${encodeURIComponent(message)}`;
}

/** The address at which somebody accepts an invite. */
export function inviteHref(token: string): string {
  return `#/invite/${encodeURIComponent(token)}`;
}

export function parseRoute(hash: string): Route {
  if (hash === SIGN_UP) return { page: "sign-up" };
  const [, token] = /^#\/invite\/([^/]+)$/.exec(hash) ?? [];
  if (token !== undefined) return { page: "invite", token: decodeURIComponent(token) };
  const [, room, message] = /^#\/rooms\/([^/]+)(?:\/([^/]+))?$/.exec(hash) ?? [];
  if (room === undefined) return { page: "home" };
  const decoded = message === undefined ? null : decodeURIComponent(message);
  return { page: "room", room: decodeURIComponent(room), message: decoded };
}

/** Happens when the page is to go where the address bar points already. */
export const NAMED_AGAIN = "roomlog:named-again";

export function go(href: string): void {
  if (location.hash === href) window.dispatchEvent(new Event(NAMED_AGAIN));
  else location.hash = href;
}

/** The current route, following the address bar. */
export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(listen, () => location.hash));
}

function listen(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}
