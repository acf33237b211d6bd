import { newKey } from "@roomlog/client";
import { useCallback, useEffect, useRef } from "react";
import type { RefObject } from "react";
import type { VirtuosoHandle } from "react-virtuoso";
import { useSession } from "../../shared/context";
import type { TimelineItem } from "../../state/timeline";
import type { Entry } from "./rows";

/** Bring an item onto the screen; older pages are loaded until it is there. `release` stops keeping to the end. */
export function useJump(
  room: string,
  list: RefObject<VirtuosoHandle | null>,
  entries: readonly Entry[],
  release: () => void,
) {
  const session = useSession();
  const latest = useRef(entries);
  useEffect(() => {
    latest.current = entries;
  });

  return useCallback(
    async (isIt: (item: TimelineItem) => boolean) => {
      const found = await session.loadUntil(room, isIt).catch(() => false);
      if (!found) {
        const text = "It is not in this room, or too far back in its history.";
        const toast = { id: newKey(), tone: "error" as const, title: "The message was not found", text };
        session.store.dispatch({ type: "toast", toast: { ...toast, room: null } });
        return;
      }
      release();
      requestAnimationFrame(() => {
        const index = latest.current.findIndex((entry) => entry.kind !== "pending" && isIt(entry));
        list.current?.scrollToIndex({ index, align: "center" });
      });
    },
    [session, room, list, release],
  );
}
