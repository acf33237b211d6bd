/** Rules of reconnecting: what a close code asks for, how long to wait, which node to try. */

export interface NodeAddress {
  name: string;
  url: string;
}

/** `resume`: reconnect with cursors. `renew`: new access token first. `sign_in`: the session is over. */
export type AfterClose = "resume" | "renew" | "sign_in" | "stop";

const BY_CODE: Record<number, AfterClose> = {
  1009: "stop",
  4101: "renew",
  4102: "sign_in",
  4400: "stop",
  4403: "stop",
  4406: "stop",
};

/** Say what a close code asks the client to do; codes that say nothing else mean resume. */
export function afterClose(code: number): AfterClose {
  return BY_CODE[code] ?? "resume";
}

const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/** Milliseconds to wait before reconnect number `attempt` (from 0); `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return Math.round(ceiling * (0.2 + 0.8 * random));
}

/**
 * Pick the node to try next: the preferred one first, then any, those in `failed` only if all have failed.
 * Returns null for an empty list.
 */
export function chooseNode(
  nodes: readonly NodeAddress[],
  failed: ReadonlySet<string>,
  preferred: string | null,
  random: number,
): NodeAddress | null {
  const healthy = nodes.filter((node) => !failed.has(node.name));
  const candidates = healthy.length > 0 ? healthy : nodes;
  const wanted = candidates.find((node) => node.name === preferred);
  return wanted ?? candidates[Math.floor(random * candidates.length)] ?? null;
}
