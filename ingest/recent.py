"""The events that a node has seen lately: answers repeated commands and drops repeated records."""

CAPACITY = 200_000


class RecentEvents:
    """Event id -> offset in its partition, for at least `capacity` and at most twice as many events.

    Two dictionaries of which the older is dropped as a whole: no bookkeeping for each event. Only texts
    and numbers are in them, so that the garbage collector need not walk through them.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self.generation = 0
        """Counts up whenever older events are forgotten: what was put in at generation g is still there
        at g + 1."""

    def get(self, event_id: str) -> int | None:
        """Return the event's offset, None if it was not seen lately."""
        offset = self._young.get(event_id)
        return self._old.get(event_id) if offset is None else offset

    def put(self, event_id: str, offset: int) -> None:
        """Remember an event; of several records of one event the first counts."""
        known = self.get(event_id)
        if known is None or known > offset:
            self._remember(event_id, offset)

    def is_repeat(self, event_id: str, offset: int) -> bool:
        """Tell whether a record repeats an event that stands earlier in the log; remember it if not."""
        known = self.get(event_id)
        if known is None or known > offset:
            self._remember(event_id, offset)
            return False
        return known < offset

    def _remember(self, event_id: str, offset: int) -> None:
        self._young[event_id] = offset
        if len(self._young) >= self._capacity:
            self._old, self._young = self._young, {}
            self.generation += 1
