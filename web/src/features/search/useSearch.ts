import { useDebouncedValue } from "@mantine/hooks";
import { ApiError } from "@roomlog/client";
import { useCallback, useEffect, useRef, useState } from "react";
import type { FoundMessage, FoundPage } from "../../api/chat";
import { explain } from "../../session/explain";
import { useSession } from "../../shared/context";
import { toQuery } from "./filters";
import type { Filters } from "./filters";

const PAUSE_MS = 200;
// What was said just now is indexed a moment later: the first page is asked for again, more often while it is behind.
const AGAIN_MS = [1_000, 2_000, 4_000];

export interface Found {
  /** What this is the answer to. */
  asked: string | null;
  /** When that was, in milliseconds. */
  at: number;
  items: readonly FoundMessage[];
  rooms: FoundPage["rooms"];
  next: string | null;
  /** How many events cannot be found yet. */
  behind: number;
  error: string | null;
  /** Whether asking the same again may help. */
  retryable: boolean;
}

const NOTHING: Found = {
  asked: null,
  at: 0,
  items: [],
  rooms: {},
  next: null,
  behind: 0,
  error: null,
  retryable: false,
};

/**
 * Messages that a text and its filters find, a page at a time. While the answer is on its way (`loading`), what was
 * found before stays.
 */
export function useSearch(text: string, filters: Filters) {
  const { messages } = useSession();
  const wanted = toQuery(text, filters, 0) && JSON.stringify([text.trim(), filters]);
  const [asked] = useDebouncedValue(wanted, PAUSE_MS);
  const [found, setFound] = useState(NOTHING);
  const [adding, setAdding] = useState(false);
  /** What more was asked for, so that the first page alone must not take its place. */
  const extended = useRef<string | null>(null);

  const load = useCallback(
    async (question: string, earlier: Found, signal?: AbortSignal): Promise<Found> => {
      const [words, narrowed] = JSON.parse(question) as [string, Filters];
      const now = Date.now();
      const query = toQuery(words, narrowed, now);
      if (query === null) return NOTHING;
      try {
        const page = await messages.search(query, earlier.next, signal);
        const items = [...earlier.items, ...page.items];
        const rooms = { ...earlier.rooms, ...page.rooms };
        return { ...page, items, rooms, asked: question, at: now, error: null, retryable: false };
      } catch (error) {
        const retryable = !(error instanceof ApiError) || error.retryable;
        return { ...earlier, asked: question, at: now, error: explain(error), retryable };
      }
    },
    [messages],
  );

  useEffect(() => {
    if (asked === null) return;
    const abort = new AbortController();
    let timer: number | undefined;
    const ask = async (round: number) => {
      const answer = await load(asked, NOTHING, abort.signal);
      if (abort.signal.aborted || (round > 0 && extended.current === asked)) return;
      if (answer.error === null || round === 0) setFound(answer);
      const settled = answer.error !== null || (round > 0 && answer.behind === 0);
      const pause = AGAIN_MS[round];
      if (!settled && pause !== undefined) timer = window.setTimeout(() => void ask(round + 1), pause);
    };
    extended.current = null;
    void ask(0);
    return () => {
      abort.abort();
      window.clearTimeout(timer);
    };
  }, [asked, load]);

  /** Add to what was found, unless something else is asked for meanwhile. */
  function add(earlier: Found) {
    if (asked === null || adding) return;
    extended.current = asked;
    setAdding(true);
    void load(asked, earlier).then((answer) => {
      setFound((now) => (now.asked === answer.asked ? answer : now));
      setAdding(false);
    });
  }
  const more = () => add(found);
  const retry = () => add(found.next === null ? NOTHING : found);
  if (wanted === null) return { found: NOTHING, loading: false, adding: false, more, retry };
  return { found, loading: found.asked !== wanted, adding, more, retry };
}
