import { useCallback, useEffect, useState } from "react";
import { explain } from "../../session/explain";

/** Load something when it is first shown, and again when asked; what failed says why. */
export function useLoaded<T>(fetch: (afterCursor: string | null) => Promise<T>) {
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
  useEffect(() => void load(), [load]);
  /** Do something, and load anew what that changed. */
  const change = useCallback(
    (done: Promise<string | null>) => done.then(load, (failure: unknown) => setError(explain(failure))),
    [load],
  );
  return { found, error, load, change };
}
