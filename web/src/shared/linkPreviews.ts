import { useSyncExternalStore } from "react";

const SWITCH = "roomlog:link-previews";
const listeners = new Set<() => void>();

function isOn(): boolean {
  return localStorage.getItem(SWITCH) !== "off";
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The person's switch for this device: whether what links lead to is shown under messages. */
export function useLinkPreviews() {
  const on = useSyncExternalStore(subscribe, isOn);
  const toggle = () => {
    localStorage.setItem(SWITCH, on ? "off" : "on");
    for (const listener of listeners) listener();
  };
  return { on, toggle };
}
