import { useState } from "react";
import { plain } from "../../shared/plain";
import { go, roomHref } from "../../shared/router";
import type { Toast } from "../../state/toasts";

const SWITCH = "roomlog:desktop-notifications";

/** Show something outside the page: only where the person switched that on, and does not look at the page. */
export function alertOutside({ id, title, text, room }: Toast): void {
  if (!isOn() || (document.visibilityState === "visible" && document.hasFocus())) return;
  // Where pages may not make these themselves, as in Chrome on Android, the page's own message has to do.
  try {
    const shown = new Notification(plain(title), { body: plain(text), tag: id });
    shown.onclick = () => {
      window.focus();
      if (room !== null) go(roomHref(room));
      shown.close();
    };
  } catch {
    return;
  }
}

/** The person's switch, and what the browser lets the page do. */
export function useDesktopAlerts() {
  const [on, setOn] = useState(isOn);
  async function toggle() {
    const wanted = !on && (await Notification.requestPermission()) === "granted";
    localStorage.setItem(SWITCH, wanted ? "on" : "off");
    setOn(wanted);
  }
  return { isSupported: "Notification" in window, isBlocked: isBlocked(), on, toggle };
}

function isOn(): boolean {
  if (!("Notification" in window)) return false;
  return Notification.permission === "granted" && localStorage.getItem(SWITCH) === "on";
}

function isBlocked(): boolean {
  return "Notification" in window && Notification.permission === "denied";
}
