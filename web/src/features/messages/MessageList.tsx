import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { RefObject } from "react";
import { Virtuoso } from "react-virtuoso";
import type { VirtuosoHandle } from "react-virtuoso";
import { explain } from "../../session/explain";
import { useChat, useSession } from "../../shared/context";
import type { PendingMessage } from "../../state/pending";
import { NAMED_AGAIN } from "../../shared/router";
import { LOADING } from "../../state/timeline";
import type { MessageItem, Timeline, TimelineItem } from "../../state/timeline";
import { RowActionsContext } from "./actions";
import type { RowActions } from "./actions";
import { EmptyRoom, HistoryBottom, HistoryTop, LoadingHistory } from "./HistoryTop";
import { JumpButtons } from "./JumpButtons";
import { Row } from "./Row";
import { keyOf } from "./rows";
import type { Entry } from "./rows";
import { useEntries } from "./useEntries";
import { useFollowing } from "./useFollowing";
import { useIsAbove } from "./useIsAbove";
import { useJump } from "./useJump";
import classes from "./messages.module.css";

const NONE: readonly PendingMessage[] = [];
const NEAR_BOTTOM_PX = 80;

interface Props {
  room: string;
  timeline: Timeline | undefined;
  /** The message that the address bar names. */
  target: string | null;
  /** The message that is being edited. */
  editing: string | null;
  /** The same object for as long as the room is open. */
  actions: Omit<RowActions, "show">;
}

/** The room's history and what is on its way into it; only the rows near the screen exist in the page. */
export function MessageList({ room, timeline = LOADING, target, editing, actions }: Props) {
  const session = useSession();
  const pending = useChat((state) => state.pending[room]) ?? NONE;
  const divider = useChat((state) => state.activity[room]?.divider ?? null);
  const list = useRef<VirtuosoHandle>(null);
  const log = useRef<HTMLDivElement>(null);
  const history = useOlderPages(room);
  const entries = useEntries(room, timeline, pending);
  const newest = entries.at(-1);
  const toBottom = useCallback(() => list.current?.scrollToIndex({ index: "LAST", align: "end" }), []);
  const { following, onBottom, follow, release } = useFollowing(
    log,
    newest === undefined ? null : keyOf(newest),
    toBottom,
  );
  const first = timeline.firstIndex;
  const loadNewer = useCallback(() => void session.loadNewer(room).catch(() => undefined), [session, room]);
  const { jump, onEnd } = useJump(log, list, entries, release, loadNewer);
  const show = useCallback(
    (id: string) =>
      void jump(
        () => session.reveal(room, id),
        (item) => item.id === id,
      ),
    [jump, session, room],
  );
  const showFirstNew = () => {
    const isIt = (item: TimelineItem) => item.cursor === divider;
    void jump(() => session.loadUntil(room, isIt), isIt);
  };
  const showNewest = () => void (timeline.hasNewer ? session.loadTimeline(room).then(follow) : follow());
  const all = useMemo(() => ({ ...actions, show }), [actions, show]);
  const [top, setTop] = useState(first);
  const isRowAbove = divider !== null && isAbove(divider, entries, top - first);
  const isNewAbove = useIsAbove(log, "[data-new]", isRowAbove, divider !== null && entries.length > 0);
  useOnSend(showNewest, pending.length);
  useEffect(() => session.setAtEnd(room, following), [session, room, following]);
  useTarget(target, timeline.status === "ready", show);
  useEditedInView(list, entries, editing);

  return (
    <RowActionsContext value={all}>
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
            atBottomStateChange={(atBottom) => onBottom(atBottom && !timeline.hasNewer)}
            followOutput={() => (following ? "auto" : false)}
            totalListHeightChanged={() => following && list.current?.autoscrollToBottom()}
            endReached={onEnd}
            increaseViewportBy={{ top: 600, bottom: 200 }}
            startReached={history.load}
            rangeChanged={(range) => setTop(range.startIndex)}
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
                editing={keyOf(entry) === editing}
                marked={keyOf(entry) === target}
              />
            )}
          />
        )}
        <JumpButtons
          onFirstNew={isNewAbove ? showFirstNew : null}
          onNewest={following && !timeline.hasNewer ? null : showNewest}
        />
      </div>
    </RowActionsContext>
  );
}

/** Whether the item with this cursor is above a row; one that is not loaded is further up. */
function isAbove(cursor: string, entries: readonly Entry[], row: number): boolean {
  return entries.findIndex((entry) => entry.kind !== "pending" && entry.cursor === cursor) < row;
}

/** The message that this one answers: null where it answers one that is not loaded, undefined where it answers none. */
function quotedBy(entry: Entry, timeline: Timeline): MessageItem | null | undefined {
  const id =
    entry.kind === "pending" ? entry.message.replyTo : entry.kind === "message" ? entry.replyTo : null;
  if (id === null) return undefined;
  const found = timeline.items.find((item) => item.id === id);
  return found?.kind === "message" ? found : null;
}

/** Go to the message that the address bar names, once there is a history to look in, and whenever it is named again. */
function useTarget(target: string | null, isReady: boolean, show: (id: string) => void): void {
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (target === null || !isReady) return;
    if (shown.current !== target) show(target);
    shown.current = target;
    const again = () => show(target);
    window.addEventListener(NAMED_AGAIN, again);
    return () => window.removeEventListener(NAMED_AGAIN, again);
  }, [target, isReady, show]);
}

/** The message that is being edited may have been chosen with the keyboard, off the screen. */
function useEditedInView(
  list: RefObject<VirtuosoHandle | null>,
  entries: readonly Entry[],
  editing: string | null,
): void {
  const latest = useRef(entries);
  useEffect(() => {
    latest.current = entries;
  });
  useEffect(() => {
    if (editing === null) return;
    const index = latest.current.findIndex((entry) => keyOf(entry) === editing);
    if (index >= 0) list.current?.scrollIntoView({ index });
  }, [list, editing]);
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
