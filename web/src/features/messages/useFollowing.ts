import { useCallback, useEffect, useRef, useState } from "react";
import type { RefObject } from "react";

const RECENT_MS = 500;
const SETTLED_MS = 120;
const UPWARD_KEYS = new Set(["ArrowUp", "PageUp", "Home"]);

/**
 * Whether the list keeps to its newest row. It stops when the reader scrolls away, not when rows come in faster
 * than they can be laid out: only what follows the reader's own input, or a move upwards while nothing comes in,
 * counts as scrolling away. `newest` is the key of the last row; `toBottom` is called when the list should be there.
 */
export function useFollowing(
  log: RefObject<HTMLElement | null>,
  newest: string | null,
  toBottom: () => void,
) {
  const [following, setFollowing] = useState(true);
  const lastInput = useRef(-Infinity);
  const lastGrowth = useRef(-Infinity);
  const lastRelease = useRef(-Infinity);
  const isAtBottom = useRef(true);

  useEffect(() => {
    lastGrowth.current = performance.now();
    if (!following) return;
    const settled = setTimeout(toBottom, SETTLED_MS);
    return () => clearTimeout(settled);
  }, [newest, following, toBottom]);

  useEffect(() => {
    const element = log.current;
    if (!element) return;
    return watchInput(
      element,
      () => performance.now() - lastGrowth.current > RECENT_MS,
      () => {
        lastInput.current = performance.now();
        if (!isAtBottom.current) setFollowing(false);
      },
    );
  }, [log]);

  useEffect(() => {
    const element = log.current;
    if (!element || !following) return;
    // A banner, a growing text box or a phone's keyboard takes height from the list.
    let settled: ReturnType<typeof setTimeout> | undefined;
    const resized = new ResizeObserver(() => {
      clearTimeout(settled);
      settled = setTimeout(toBottom, SETTLED_MS);
    });
    resized.observe(element);
    return () => {
      clearTimeout(settled);
      resized.disconnect();
    };
  }, [log, following, toBottom]);

  const onBottom = useCallback((atBottom: boolean) => {
    isAtBottom.current = atBottom;
    if (atBottom && performance.now() - lastRelease.current > RECENT_MS) setFollowing(true);
    else if (!atBottom && performance.now() - lastInput.current < RECENT_MS) setFollowing(false);
  }, []);
  const follow = useCallback(() => {
    setFollowing(true);
    toBottom();
  }, [toBottom]);
  /** Let the list stand elsewhere, because the reader asked for another place. */
  const release = useCallback(() => {
    lastRelease.current = performance.now();
    setFollowing(false);
  }, []);
  return { following, onBottom, follow, release };
}

/** Call `away` for whatever may move the reader upwards: wheel, finger, keys, the scroll bar, a program. */
function watchInput(element: HTMLElement, isQuiet: () => boolean, away: () => void): () => void {
  const last = { top: 0, height: 0 };
  const stop = new AbortController();
  const options = { capture: true, passive: true, signal: stop.signal };
  element.addEventListener("wheel", (event) => event.deltaY < 0 && away(), options);
  element.addEventListener("touchmove", away, options);
  element.addEventListener("keydown", (event) => UPWARD_KEYS.has(event.key) && away(), options);
  element.addEventListener(
    "scroll",
    (event) => {
      const { scrollTop, scrollHeight } = event.target as HTMLElement;
      if (isQuiet() && scrollTop < last.top && scrollHeight >= last.height) away();
      Object.assign(last, { top: scrollTop, height: scrollHeight });
    },
    options,
  );
  return () => stop.abort();
}
