import { newKey } from "@roomlog/client";
import type { Attachment } from "@roomlog/client";
import { useCallback, useState } from "react";
import { explain } from "../../session/explain";
import { useSession } from "../../shared/context";

/** The protocol takes no more with one message. */
const MOST = 20;

export interface Upload {
  /** Also the idempotency key of the upload. */
  key: string;
  file: File;
  /** From 0 to 1. */
  progress: number;
  stored: Attachment | null;
  error: string | null;
  cancel: AbortController;
}

export interface Uploads {
  list: readonly Upload[];
  /** What the message will have, once all are stored. */
  stored: readonly Attachment[];
  isReady: boolean;
  add: (files: Iterable<File>) => void;
  /** Cancel what runs, or take out what is there. */
  drop: (key: string) => void;
  retry: (key: string) => void;
  /** The files went out with a message. */
  clear: () => void;
}

/** By room, so that looking into another one loses nothing; they end with the page, as drafts do. */
const kept = new Map<string, readonly Upload[]>();

/** Files on their way to the server, to go out with the next message of a room. */
export function useUploads(room: string): Uploads {
  const { files } = useSession();
  const [list, setList] = useState<readonly Upload[]>(() => kept.get(room) ?? []);

  const change = useCallback(
    (next: (before: readonly Upload[]) => readonly Upload[]) => {
      const after = next(kept.get(room) ?? []);
      kept.set(room, after);
      setList(after);
    },
    [room],
  );

  const patch = (key: string, fields: Partial<Upload>) =>
    change((before) => before.map((each) => (each.key === key ? { ...each, ...fields } : each)));

  async function run({ key, file, cancel }: Upload) {
    try {
      const stored = await files.upload(file, key, (progress) => patch(key, { progress }), cancel.signal);
      if (cancel.signal.aborted) await files.remove(stored.file_id);
      else patch(key, { stored, progress: 1 });
    } catch (error) {
      if (!cancel.signal.aborted) patch(key, { error: explain(error) });
    }
  }

  function add(found: Iterable<File>) {
    const free = MOST - (kept.get(room)?.length ?? 0);
    const more = [...found].slice(0, Math.max(0, free)).map(upload);
    change((before) => [...before, ...more]);
    for (const each of more) void run(each);
  }

  function drop(key: string) {
    const found = list.find((each) => each.key === key);
    found?.cancel.abort();
    // What cannot be removed now the server removes by itself after a day.
    if (found?.stored) files.remove(found.stored.file_id).catch(() => undefined);
    change((before) => before.filter((each) => each.key !== key));
  }

  function retry(key: string) {
    const found = list.find((each) => each.key === key);
    if (!found) return;
    patch(key, { error: null, progress: 0 });
    void run(found);
  }

  const stored = list.map((each) => each.stored).filter((each) => each !== null);
  return {
    list,
    stored,
    isReady: stored.length === list.length,
    add,
    drop,
    retry,
    clear: () => change(() => []),
  };
}

function upload(file: File): Upload {
  return { key: newKey(), file, progress: 0, stored: null, error: null, cancel: new AbortController() };
}
