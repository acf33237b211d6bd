"""When a server may be asked, and when it is looked at again: a circuit breaker without I/O.

It learns from probes alone. Requests are refused while it is open and while the next probe is under way (half
open), so that none of them has to find out by waiting.
"""

from enum import Enum


class State(Enum):
    """The value is what the metric shows."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """Opens after `failures` probes in a row that failed; closes with the first one that does not.

    While open, the pause before the next probe grows from `shortest_s` to `longest_s`. Times are monotonic seconds.
    """

    def __init__(self, failures: int, shortest_s: float = 0.25, longest_s: float = 2.0) -> None:
        self._most, self._shortest_s, self._longest_s = failures, shortest_s, longest_s
        self._failures, self._pause_s, self._probe_at = 0, shortest_s, float("-inf")
        self.state = State.CLOSED

    @property
    def is_closed(self) -> bool:
        """Whether requests may pass."""
        return self.state is State.CLOSED

    @property
    def is_suspicious(self) -> bool:
        """Whether it is closed still, though the last probe failed: the next one is due at once."""
        return self.is_closed and self._failures > 0

    def waits_s(self, now: float) -> float:
        """Return how long an open one waits before its next probe."""
        return max(0.0, self._probe_at - now)

    def begin(self, now: float) -> None:
        """A probe begins."""
        if self.state is State.OPEN and now >= self._probe_at:
            self.state = State.HALF_OPEN

    def failed(self, now: float) -> bool:
        """A probe failed; return whether this opened it."""
        self._failures += 1
        was_closed = self.is_closed
        if was_closed and self._failures < self._most:
            return False
        if not was_closed:
            self._pause_s = min(2 * self._pause_s, self._longest_s)
        self.state, self._probe_at = State.OPEN, now + self._pause_s
        return was_closed

    def succeeded(self) -> bool:
        """A probe was answered; return whether this closed it."""
        was_closed = self.is_closed
        self.state, self._failures, self._pause_s = State.CLOSED, 0, self._shortest_s
        return not was_closed
