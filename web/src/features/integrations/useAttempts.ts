import { useCallback, useEffect, useState } from "react";
import { explain } from "../../session/explain";

/** A list that is loaded (`load` is the same function as long as it loads the same), and loaded again after each thing that is done to it; what failed is in `error`. */
export function useAttempts<T>(load: () => Promise<T>, refreshMs = 0) {
  const [found, setFound] = useState<T | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const refresh = useCallback(() => load().then(setFound), [load]);
  useEffect(() => {
    const again = () => void refresh().catch((failure: unknown) => setError(explain(failure)));
    again();
    if (refreshMs === 0) return;
    const timer = setInterval(again, refreshMs);
    return () => clearInterval(timer);
  }, [refresh, refreshMs]);

  async function attempt(work: () => Promise<unknown>): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await work();
      await refresh();
    } catch (failure) {
      setError(explain(failure));
    }
    setBusy(false);
  }

  return { found, busy, error, attempt };
}
