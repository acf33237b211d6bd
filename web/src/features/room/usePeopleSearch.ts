import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import type { User } from "../../api/chat";
import { explain } from "../../session/explain";
import { useSession } from "../../shared/context";

const PAUSE_MS = 200;

interface Found {
  people: readonly User[];
  state: "loading" | "ready" | "failed";
  error: string | null;
}

/** People whose name has the query in it; some of all for an empty one. */
export function usePeopleSearch(query: string): Found {
  const { rooms } = useSession();
  const [wanted] = useDebouncedValue(query.trim(), PAUSE_MS);
  const [found, setFound] = useState<Found>({ people: [], state: "loading", error: null });

  useEffect(() => {
    const abort = new AbortController();
    rooms.searchPeople(wanted, abort.signal).then(
      (people) => {
        if (!abort.signal.aborted) setFound({ people, state: "ready", error: null });
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setFound({ people: [], state: "failed", error: explain(error) });
      },
    );
    return () => abort.abort();
  }, [rooms, wanted]);

  return found;
}
