import { newKey } from "@roomlog/client";
import { useCallback, useEffect, useRef } from "react";
import type { RefObject } from "react";
import type { VirtuosoHandle } from "react-virtuoso";
import { useSession } from "../../shared/context";
import type { TimelineItem } from "../../state/timeline";
import { keyOf } from "./rows";
import type { Entry } from "./rows";

/** A list that just got its first or many older rows goes on moving for a while, and takes the screen along. */
const TRIES = 12;
const SETTLED_MS = 120;

/**
 * Bring an item onto the screen once `load` has it in the history. `release` stops keeping to the end.
 *
 * A page that takes the place of another one shows its end until the item is on the screen. If that loaded the next
 * page, and the next, the item would never come. So the list tells `onEnd` when it is at its end, and that calls
 * `goOn` only where the reader has come there.
 */
export function useJump(
  log: RefObject<HTMLElement | null>,
  list: RefObject<VirtuosoHandle | null>,
  entries: readonly Entry[],
  release: () => void,
  goOn: () => void,
) {
  const session = useSession();
  const underWay = useRef(0);
  const latest = useRef(entries);
  useEffect(() => {
    latest.current = entries;
  });

  const find = useCallback(
    async (load: () => Promise<boolean>, isIt: (item: TimelineItem) => boolean) => {
      const found = await load().catch(() => false);
      const complain = (title: string, text: string) => {
        const toast = { id: newKey(), tone: "error" as const, title, text, room: null };
        session.store.dispatch({ type: "toast", toast });
      };
      if (!found) {
        complain("The message was not found", "It is not in this room, or the history could not be loaded.");
        return;
      }
      for (let tries = 0; tries < TRIES; tries += 1) {
        release();
        await nextFrame();
        const index = latest.current.findIndex((entry) => entry.kind !== "pending" && isIt(entry));
        if (index >= 0) list.current?.scrollToIndex({ index, align: "center" });
        await pause(SETTLED_MS);
        if (isOnScreen(log.current, latest.current[index])) return;
      }
      complain("The message is loaded, but not on the screen", "Choose it again, or scroll to it.");
    },
    [session, log, list, release],
  );
  const onEnd = useCallback(() => {
    if (underWay.current === 0) goOn();
  }, [goOn]);
  const jump = useCallback<typeof find>(
    async (load, isIt) => {
      underWay.current += 1;
      try {
        await find(load, isIt);
      } finally {
        underWay.current -= 1;
        if (isOnScreen(log.current, latest.current.at(-1))) onEnd();
      }
    },
    [find, log, onEnd],
  );
  return { jump, onEnd };
}

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function isOnScreen(log: HTMLElement | null, entry: Entry | undefined): boolean {
  if (!log) return true;
  if (!entry) return false;
  const row = log.querySelector(`[data-event-id="${CSS.escape(keyOf(entry))}"]`)?.getBoundingClientRect();
  const { top, bottom } = log.getBoundingClientRect();
  return row !== undefined && row.bottom > top && row.top < bottom;
}
