import { Button } from "@mantine/core";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Virtuoso } from "react-virtuoso";
import type { VirtuosoHandle } from "react-virtuoso";
import { explain } from "../../session/explain";
import { useChat, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import type { PendingMessage } from "../../state/pending";
import { LOADING } from "../../state/timeline";
import type { MessageItem, Timeline } from "../../state/timeline";
import { EmptyRoom, HistoryBottom, HistoryTop, LoadingHistory } from "./HistoryTop";
import { Row } from "./Row";
import { keyOf } from "./rows";
import type { Entry } from "./rows";
import { useFollowing } from "./useFollowing";
import classes from "./messages.module.css";

const NONE: readonly PendingMessage[] = [];
const NEAR_BOTTOM_PX = 80;

interface Props {
  room: string;
  timeline: Timeline | undefined;
  onReply: (message: MessageItem) => void;
}

/** The room's history and what is on its way into it; only the rows near the screen exist in the page. */
export function MessageList({ room, timeline = LOADING, onReply }: Props) {
  const me = useChat((state) => state.me);
  const pending = useChat((state) => state.pending[room]) ?? NONE;
  const divider = useChat((state) => state.activity[room]?.divider ?? null);
  const list = useRef<VirtuosoHandle>(null);
  const log = useRef<HTMLDivElement>(null);
  const history = useOlderPages(room);
  const entries = useMemo(() => entriesOf(timeline, pending, me), [timeline, pending, me]);
  const newest = entries.at(-1);
  const toBottom = useCallback(() => list.current?.scrollToIndex({ index: "LAST", align: "end" }), []);
  const { following, onBottom, follow } = useFollowing(
    log,
    newest === undefined ? null : keyOf(newest),
    toBottom,
  );
  const first = timeline.firstIndex;
  useOnSend(follow, pending.length);

  return (
    <div className={classes.log} ref={log} role="log" aria-label="Conversation" data-count={entries.length}>
      {entries.length === 0 && (timeline.status === "loading" ? <LoadingHistory /> : <EmptyRoom />)}
      {entries.length > 0 && (
        <Virtuoso
          ref={list}
          data={entries}
          firstItemIndex={first}
          initialTopMostItemIndex={{ index: "LAST", align: "end" }}
          computeItemKey={(_, entry) => keyOf(entry)}
          alignToBottom
          atBottomThreshold={NEAR_BOTTOM_PX}
          atBottomStateChange={onBottom}
          followOutput={() => (following ? "auto" : false)}
          totalListHeightChanged={() => following && list.current?.autoscrollToBottom()}
          increaseViewportBy={{ top: 600, bottom: 200 }}
          startReached={history.load}
          context={{ hasMore: timeline.hasMore, ...history }}
          components={{ Header: HistoryTop, Footer: HistoryBottom }}
          itemContent={(index, entry) => (
            <Row
              room={room}
              entry={entry}
              before={entries[index - first - 1]}
              quoted={quotedBy(entry, timeline)}
              isStart={!timeline.hasMore}
              divider={divider}
              onReply={onReply}
              onShow={(id) => show(list.current, entries, id)}
            />
          )}
        />
      )}
      {!following && (
        <Button
          className={classes.jump}
          size="xs"
          radius="xl"
          leftSection={<Icon name="down" size={14} />}
          onClick={follow}
        >
          Newest
        </Button>
      )}
    </div>
  );
}

function entriesOf(timeline: Timeline, pending: readonly PendingMessage[], me: string): Entry[] {
  const own = pending.map((message): Entry => ({ kind: "pending", message, sender: me }));
  return [...timeline.items, ...own];
}

/** The message that this one answers: null where it answers one that is not loaded, undefined where it answers none. */
function quotedBy(entry: Entry, timeline: Timeline): MessageItem | null | undefined {
  const id =
    entry.kind === "pending" ? entry.message.replyTo : entry.kind === "message" ? entry.replyTo : null;
  if (id === null) return undefined;
  const found = timeline.items.find((item) => item.id === id);
  return found?.kind === "message" ? found : null;
}

function show(list: VirtuosoHandle | null, entries: readonly Entry[], id: string): void {
  const index = entries.findIndex((entry) => keyOf(entry) === id);
  if (index >= 0) list?.scrollToIndex({ index, align: "center" });
}

/** Whoever sends a message wants to see it, wherever they had scrolled to. */
function useOnSend(onSend: () => void, waiting: number): void {
  const before = useRef(waiting);
  useEffect(() => {
    if (waiting > before.current) onSend();
    before.current = waiting;
  });
}

function useOlderPages(room: string) {
  const session = useSession();
  const [error, setError] = useState<string | null>(null);
  const load = () => {
    setError(null);
    session.loadOlder(room).catch((failure: unknown) => setError(explain(failure)));
  };
  return { load, error };
}
