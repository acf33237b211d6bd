"""The events that a node has seen lately: answers repeated commands and drops repeated records."""

from typing import NamedTuple

CAPACITY = 200_000


class Known(NamedTuple):
    """Where an event is in its partition, and the digest of its command where that is known."""

    offset: int
    digest: bytes | None


class RecentEvents:
    """Event id -> `Known`, for at least `capacity` and at most twice as many of the latest events.

    Two dictionaries of which the older is dropped as a whole: no bookkeeping for each event.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._young: dict[str, Known] = {}
        self._old: dict[str, Known] = {}
        self.generation = 0
        """Counts up whenever older events are forgotten: what was put in at generation g is still there
        at g + 1."""

    def get(self, event_id: str) -> Known | None:
        """Return where the event is, None if it was not seen lately."""
        return self._young.get(event_id) or self._old.get(event_id)

    def put(self, event_id: str, offset: int, digest: bytes | None) -> None:
        """Remember an event; of several records of one event the first counts."""
        known = self._young.get(event_id) or self._old.get(event_id)
        if known is None or known.offset > offset:
            self._young[event_id] = Known(offset, digest or (known and known.digest))
        elif known.digest is None and digest is not None:
            self._young[event_id] = Known(known.offset, digest)
        if len(self._young) >= self._capacity:
            self._old, self._young = self._young, {}
            self.generation += 1

    def is_repeat(self, event_id: str, offset: int) -> bool:
        """Tell whether a record repeats an event that stands earlier in the log; remember it if not."""
        known = self._young.get(event_id) or self._old.get(event_id)
        if known is None:
            self.put(event_id, offset, None)
            return False
        return known.offset < offset
