"""When to write, and when to give up: rules that are told the time (seconds, monotonic). Pure."""

from dataclasses import dataclass

MAX_BATCH_EVENTS = 10_000
FETCH_EVERY_S = 0.4
"""How long to gather before the next fetch and transaction, which cost about as much as a hundred events.

Nothing happened for a while: not at all. Readers who wait for what was just written cut it short.
"""
OFFSETS_ALONE_AFTER_S = 1.0
STUCK_AFTER_S = 30.0
BLIND_AFTER_S = 60.0
"""How long partitions may wait to be placed, for which Kafka has to answer."""
FAR_BEHIND_EVENTS = 10_000
_TELL_EVERY_S = 10.0
MORE_TRIES = 2
"""So often a record is tried again that was refused alone, before it becomes a dead letter."""
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.02, 2.0


def retry_pause_s(attempt: int) -> float:
    """Return how long to wait before another try: twice as long each time (`attempt` from 0), to a limit."""
    return min(_FIRST_RETRY_S * 2.0 ** min(attempt, 16), _LONGEST_RETRY_S)


@dataclass(slots=True)
class Watchdog:
    """Notices a consumer that has work and does not do it (aiokafka #703, #1037)."""

    moved_at: float
    projected: int = 0
    placed_at: float | None = None

    def is_stuck(self, now: float, lag: int, projected: int, excused: bool) -> bool:
        """Tell whether the process had better be restarted.

        `lag` is what the log holds beyond the read models, `projected` a number that grows with all
        progress; `excused` is whoever waits for PostgreSQL, which no restart would bring back.
        """
        if excused or lag <= 0 or projected != self.projected:
            self.moved_at, self.projected = now, projected
        return now - self.moved_at > STUCK_AFTER_S

    def is_blind(self, now: float, unplaced: int, excused: bool) -> bool:
        """Tell the same of one that learns nothing of the log: `unplaced` partitions wait to be placed."""
        if excused or not unplaced or self.placed_at is None:
            self.placed_at = now
        return now - self.placed_at > BLIND_AFTER_S


@dataclass(slots=True)
class CatchUp:
    """Tells now and then how far it is, for as long as there is much to catch up with."""

    began: float | None = None
    told: float = 0.0
    progress: int = 0

    def told_at(self, now: float, lag: int, progress: int) -> str | None:
        """Return what to say, if it is time to; `lag` and `progress` in events."""
        if lag < FAR_BEHIND_EVENTS:
            self.began = None
        elif self.began is None:
            self.began = self.told = now
            self.progress = progress
        elif now - self.told >= _TELL_EVERY_S:
            self.told = now
            rate = (progress - self.progress) / (now - self.began)
            left = f", {lag / rate:,.0f} s left" if rate else ""
            return f"catching up: {lag:,} events to go, {rate:,.0f}/s{left}"
        return None
