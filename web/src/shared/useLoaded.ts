import { useCallback, useEffect, useState } from "react";
import { explain } from "../session/explain";

/** Load something (`fetch` is the same function as long as it loads the same) when it is first shown, again when asked and when `changed` is another; what failed says why. */
export function useLoaded<T>(fetch: (afterCursor: string | null) => Promise<T>, changed?: unknown) {
  const [found, setFound] = useState<T | null>(null);
  const [error, setError] = useState<string | null>(null);
  const load = useCallback(
    (afterCursor: string | null = null) =>
      fetch(afterCursor).then(
        (value) => (setFound(value), setError(null)),
        (failure: unknown) => setError(explain(failure)),
      ),
    [fetch],
  );
  useEffect(() => void load(), [load, changed]);
  /** Do something, and load anew what that changed. */
  const change = useCallback(
    (done: Promise<string | null>) => done.then(load, (failure: unknown) => setError(explain(failure))),
    [load],
  );
  return { found, error, load, change };
}
