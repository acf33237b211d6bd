import { useDebouncedValue } from "@mantine/hooks";
import { useCallback, useEffect, useRef, useState } from "react";
import { explain } from "../../session/explain";
import { useChat, useSession } from "../../shared/context";
import type { Room } from "../../state/rooms";

const PAUSE_MS = 200;
/** Others make rooms too: who looks at the list sees them soon. */
const REFRESH_MS = 10_000;

export interface Found {
  rooms: readonly Room[];
  next: string | null;
  state: "loading" | "ready" | "failed";
  error: string | null;
}

const SEARCHING: Found = { rooms: [], next: null, state: "loading", error: null };

/** Rooms that match `q` (all of them for an empty one), a page at a time. */
export function useRoomSearch(q: string) {
  const session = useSession();
  const [query] = useDebouncedValue(q.trim(), PAUSE_MS);
  const workspace = useChat((state) => state.workspace);
  const [found, setFound] = useState<Found>(SEARCHING);
  /** More than the first page is shown, which stays as it is then. */
  const paged = useRef(false);

  const load = useCallback(
    (after: string | null, earlier: readonly Room[], signal: AbortSignal) =>
      session.rooms.search(query, after, signal).then(
        (page) =>
          setFound({ rooms: [...earlier, ...page.items], next: page.next, state: "ready", error: null }),
        (error: unknown) => {
          if (!signal.aborted)
            setFound({ rooms: earlier, next: after, state: "failed", error: explain(error) });
        },
      ),
    // In another workspace there are other rooms.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [session, query, workspace],
  );

  useEffect(() => {
    const abort = new AbortController();
    void load(null, [], abort.signal);
    const again = setInterval(() => {
      if (!document.hidden && !paged.current) void load(null, [], abort.signal);
    }, REFRESH_MS);
    return () => {
      abort.abort();
      clearInterval(again);
      paged.current = false;
    };
  }, [load]);

  function more() {
    paged.current = true;
    void load(found.next, found.rooms, new AbortController().signal);
  }
  return { found, more };
}
