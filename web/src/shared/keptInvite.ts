import { go, inviteHref, parseRoute } from "./router";

const KEPT = "roomlog:invite";

/** Keep the invite of the address bar while its owner signs in or up, which has addresses of its own. */
export function keepInvite(): void {
  const route = parseRoute(location.hash);
  if (route.page === "invite") sessionStorage.setItem(KEPT, route.token);
}

/** Go back to the invite that was kept, if there is one. */
export function backToInvite(): void {
  const token = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (token !== null) go(inviteHref(token));
}
