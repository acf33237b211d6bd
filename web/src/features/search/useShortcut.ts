import { useEffect } from "react";

const EDITABLE = "input, textarea, select, [contenteditable]";

const isApple = () => /Mac|iPhone|iPad/.test(navigator.userAgent);

/** How the keys for the search are called here. */
export function shortcutName(): string {
  return isApple() ? "⌘ K" : "Ctrl K";
}

/** Open the search with Ctrl-K or Cmd-K wherever one is, and with `/` where one does not write. */
export function useShortcut(open: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isWriting = event.target instanceof Element && event.target.closest(EDITABLE) !== null;
      const isCommand = (isApple() ? event.metaKey : event.ctrlKey) && event.key.toLowerCase() === "k";
      const isSlash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isWriting;
      if (event.shiftKey && isCommand) return;
      if (!isCommand && !isSlash) return;
      event.preventDefault();
      open();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [open]);
}
