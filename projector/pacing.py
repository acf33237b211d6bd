"""When to write, and when to give up: rules that are told the time (seconds, monotonic). Pure."""

from dataclasses import dataclass

MAX_BATCH_EVENTS = 5_000
SHORT_PAUSE_S = 0.02
LONG_PAUSE_S = 0.05
BUSY_BATCH_EVENTS = 250
OFFSETS_ALONE_AFTER_S = 1.0
STUCK_AFTER_S = 30.0


@dataclass(slots=True)
class Pace:
    """How long to gather before the next transaction.

    Nothing happened for a while: not at all, so that a lone event is readable at once. Otherwise
    transactions start 20 ms apart, or 50 ms once batches are big enough that fewer of them pay: a
    transaction costs about as much as a hundred events. A full batch never waits.
    """

    started: float = float("-inf")
    events: int = 0

    def starts(self, events: int, now: float) -> None:
        """Note that a transaction with this many events starts."""
        self.started, self.events = now, events

    def wait_s(self, now: float) -> float:
        """Return how long still to gather."""
        if self.events >= MAX_BATCH_EVENTS:
            return 0.0
        pause = LONG_PAUSE_S if self.events >= BUSY_BATCH_EVENTS else SHORT_PAUSE_S
        return max(0.0, self.started + pause - now)


@dataclass(slots=True)
class Watchdog:
    """Notices a consumer that has work and does not do it (aiokafka #703, #1037)."""

    moved_at: float
    projected: int = 0

    def is_stuck(self, now: float, lag: int, projected: int, excused: bool) -> bool:
        """Tell whether the process had better be restarted.

        `lag` is what the log holds beyond the read models, `projected` a number that grows with all
        progress; `excused` is whoever waits for PostgreSQL, which no restart would bring back.
        """
        if excused or lag <= 0 or projected != self.projected:
            self.moved_at, self.projected = now, projected
        return now - self.moved_at > STUCK_AFTER_S
