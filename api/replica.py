"""How far a replica is behind its primary, from what both say of themselves; without I/O.

Both name a position in the one write-ahead log. What the primary had written by some time and the replica has not
replayed yet is how old the replica is; no clock of a server is asked, so none has to be right.
"""

from collections import deque
from typing import NamedTuple

_MOST_SAMPLES = 256


class Standing(NamedTuple):
    """What a server says of itself: the cluster it belongs to, and how far it has written or replayed the log."""

    system: int
    replays: bool
    position: int


class Sample(NamedTuple):
    """By `at` (monotonic seconds) the primary had come to `position`."""

    at: float
    position: int


class Following:
    """Tells whether a replica may be read: not if it is, or may be, older than `limit_s`."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._samples: deque[Sample] = deque()
        self._system: int | None = None
        self._replica: Standing | None = None
        self._had_by: float | None = None

    def wrote(self, standing: Standing, now: float) -> None:
        """The primary says where it is."""
        if standing.replays:
            return  # being replaced: its successor will say
        if standing.system != self._system:
            self._samples.clear()
            self._system, self._had_by = standing.system, None
        self._samples.append(Sample(now, standing.position))
        if len(self._samples) > _MOST_SAMPLES:  # an old replica: less exact will do
            self._samples = deque([*list(self._samples)[:-1:2], self._samples[-1]])
        self._forget_replayed()

    def replayed(self, standing: Standing) -> None:
        """The replica says where it is."""
        self._replica = standing
        self._forget_replayed()

    def lag_s(self, now: float) -> float:
        """Return how old the replica is at most; infinite while that is not known."""
        if self._had_by is None:
            return float("inf")
        return now - self._had_by if self._samples else 0.0

    def why_not(self, now: float) -> str | None:
        """Return why the replica is not to be read; None where it may be."""
        if self._replica is None or self._system is None:
            return "not seen yet"
        if not self._replica.replays or self._replica.system != self._system:
            return "no replica of the primary"
        return "lagging" if self.lag_s(now) > self._limit_s else None

    def _forget_replayed(self) -> None:
        replica = self._replica
        if replica is None or replica.system != self._system:
            return
        while self._samples and self._samples[0].position <= replica.position:
            self._had_by = self._samples.popleft().at
