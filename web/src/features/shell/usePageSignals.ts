import { useEffect } from "react";
import { go } from "../../shared/router";
import type { ChatSession } from "../../session/session";

const AWAY_HIDDEN_MS = 5 * 60_000;
const AWAY_IDLE_MS = 10 * 60_000;
const INPUT = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;

/** Tells the session what the browser says about the page: looked at or not, network gone or back, nobody there. */
export function usePageSignals(session: ChatSession): void {
  useEffect(() => {
    const stop = new AbortController();
    const options = { signal: stop.signal, passive: true };
    const look = () => session.setVisible(document.visibilityState === "visible" && document.hasFocus());
    look();
    document.addEventListener("visibilitychange", look, options);
    window.addEventListener("focus", look, options);
    window.addEventListener("blur", look, options);
    for (const change of ["online", "offline"])
      window.addEventListener(change, () => session.nudge(), options);
    // A notification of the system was chosen, which the service worker had shown.
    navigator.serviceWorker?.addEventListener("message", openWhatWasChosen, options);
    return () => stop.abort();
  }, [session]);
  useEffect(() => watchPresence((away) => session.setAway(away)), [session]);
}

/** Call `setAway` when the page was hidden for 5 minutes or got no input for 10, and when somebody is back. */
export function watchPresence(setAway: (away: boolean) => void): () => void {
  const stop = new AbortController();
  const options = { signal: stop.signal, passive: true, capture: true };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const here = () => {
    const isHidden = document.visibilityState === "hidden";
    clearTimeout(timer);
    if (!isHidden) setAway(false);
    timer = setTimeout(() => setAway(true), isHidden ? AWAY_HIDDEN_MS : AWAY_IDLE_MS);
  };
  here();
  document.addEventListener("visibilitychange", here, options);
  for (const input of INPUT) document.addEventListener(input, here, options);
  stop.signal.addEventListener("abort", () => clearTimeout(timer));
  return () => stop.abort();
}

function openWhatWasChosen(event: MessageEvent<{ open?: unknown }>): void {
  if (typeof event.data.open === "string") go(event.data.open);
}
