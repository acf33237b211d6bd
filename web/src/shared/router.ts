import { useSyncExternalStore } from "react";

/** Where in the app the address bar points; the part after `#`, so that any static server can serve the page. */
export type Route = { page: "home" } | { page: "sign-up" } | { page: "room"; room: string };

export const HOME = "#/";
export const SIGN_UP = "#/sign-up";
export const SIGN_IN = "#/sign-in";

export function roomHref(room: string): string {
  return `#/rooms/${encodeURIComponent(room)}`;
}

export function parseRoute(hash: string): Route {
  if (hash === SIGN_UP) return { page: "sign-up" };
  const room = /^#\/rooms\/([^/]+)$/.exec(hash)?.[1];
  return room === undefined ? { page: "home" } : { page: "room", room: decodeURIComponent(room) };
}

export function go(href: string): void {
  location.hash = href;
}

/** The current route, following the address bar. */
export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(listen, () => location.hash));
}

function listen(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}
