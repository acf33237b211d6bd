import { Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { useChat } from "../../shared/context";
import { moderates } from "../../state/members";
import type { ChatState } from "../../state/model";

const TICK_MS = 250;

/** For how many seconds more the room's slow mode lets the person not write. */
export function useSlowMode(room: string): number {
  const pause = useChat((state) => state.rooms[room]?.slow_mode_s ?? 0);
  const until = useChat((state) => slowUntil(state, room));
  const [now, setNow] = useState(() => Date.now());
  const isOver = until <= now;
  useEffect(() => {
    if (isOver) return;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [isOver]);
  // The clock stood still while there was nothing to count down.
  return isOver ? 0 : Math.min(pause, Math.ceil((until - now) / 1_000));
}

/** When the person may write again; 0 where nothing keeps them from it. */
function slowUntil(state: ChatState, room: string): number {
  const known = state.rooms[room];
  const pause = (known?.slow_mode_s ?? 0) * 1_000;
  if (!known || pause === 0 || moderates(known)) return 0;
  const last = state.timelines[room]?.items.findLast(
    (item) => item.kind === "message" && item.sender === state.me,
  );
  const sent = state.pending[room]?.findLast((message) => message.state !== "failed");
  const at = Math.max(last?.at ?? 0, sent?.at ?? 0);
  return at <= (known.slow_since ?? 0) ? 0 : at + pause;
}

export function SlowModeNote({ left }: { left: number }) {
  if (left === 0) return null;
  return (
    <Text size="xs" c="dimmed" role="timer" data-testid="slow-mode">
      Slow mode: you can write again in {left} s.
    </Text>
  );
}
