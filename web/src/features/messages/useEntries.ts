import { useMemo } from "react";
import { useChat } from "../../shared/context";
import { withChanges } from "../../state/changes";
import type { Change } from "../../state/changes";
import type { PendingMessage } from "../../state/pending";
import type { Timeline } from "../../state/timeline";
import type { Entry } from "./rows";

const NO_CHANGES: readonly Change[] = [];

/** What the history shows: the log's items as they will be after one's own changes, then what is on its way. */
export function useEntries(
  room: string,
  timeline: Timeline,
  pending: readonly PendingMessage[],
): readonly Entry[] {
  const me = useChat((state) => state.me);
  const changes = useChat((state) => state.changes[room]) ?? NO_CHANGES;
  const items = useMemo(() => withChanges(timeline.items, changes, me), [timeline.items, changes, me]);
  return useMemo(() => {
    const own = pending.map((message): Entry => ({ kind: "pending", message, sender: me }));
    return [...items, ...own];
  }, [items, pending, me]);
}
