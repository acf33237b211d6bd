import { useEffect } from "react";
import type { ChatSession } from "../../session/session";

const AWAY_AFTER_MS = 5 * 60_000;

/** Tells the session what the browser says about the page: seen or hidden, network gone or back, nobody there. */
export function usePageSignals(session: ChatSession): void {
  useEffect(() => {
    let away: ReturnType<typeof setTimeout> | undefined;
    const visibility = () => {
      const visible = document.visibilityState === "visible";
      session.setVisible(visible);
      clearTimeout(away);
      if (visible) session.setAway(false);
      else away = setTimeout(() => session.setAway(true), AWAY_AFTER_MS);
    };
    const network = () => session.nudge();
    visibility();
    document.addEventListener("visibilitychange", visibility);
    window.addEventListener("online", network);
    window.addEventListener("offline", network);
    return () => {
      clearTimeout(away);
      document.removeEventListener("visibilitychange", visibility);
      window.removeEventListener("online", network);
      window.removeEventListener("offline", network);
    };
  }, [session]);
}
