"""Which rows a search reads: the newest first, room by room, for as long as that pays. Pure.

A common word is in one message of ten: whoever looks into the newest hundreds of messages has enough hits at once,
where the index would bring half a million. A rare word is in few messages: the index brings them all, and the newest
have none of it. So a search looks into some of the newest, and what it finds there tells which of the two to go on
with.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

FIRST_ROWS = 512
ROOM_COST = 16
"""What it costs to begin in a room, in messages that are looked into one after the other."""
INDEX_COST = 4.0
"""What it costs to fetch a hit that the index names, in the same."""
MAX_OFFSET = 2**62
_LATEST = datetime.max.replace(tzinfo=UTC)


class Place(NamedTuple):
    """Where a message stands among all: newest first, then by room, then the later one first."""

    sent_at: datetime
    room: str
    offset: int

    def is_before(self, other: "Place") -> bool:
        """Tell whether this one is shown before another."""
        if self.sent_at != other.sent_at:
            return self.sent_at > other.sent_at
        if self.room != other.room:
            return self.room < other.room
        return self.offset > other.offset

    def in_room(self, room: str) -> "Place":
        """Return the place in a room after which its messages are those that are shown after this one."""
        if room == self.room:
            return self
        return Place(self.sent_at, room, MAX_OFFSET if room > self.room else -1)


class Hit(NamedTuple):
    """A message that was found; `rank` is given where the most relevant ones are asked for."""

    place: Place
    rank: float | None = None

    def is_less_relevant(self, other: "Hit") -> bool:
        """Tell whether another hit is shown after this one, where the most relevant ones come first."""
        if self.rank != other.rank:
            return (other.rank or 0) < (self.rank or 0)
        return self.place.is_before(other.place)


@dataclass
class Walk:
    """A search for the first `wanted` hits in rooms of `size` messages.

    `open` are the rooms that may still have one of them, each with the place where to go on.
    """

    open: dict[str, Place]
    wanted: int
    size: int
    hits: list[Hit] = field(default_factory=list)
    rows: int = 0
    """How many messages were looked into so far."""

    def each(self) -> int | None:
        """Return how many messages of each open room to look into next; None: ask the index for the rest."""
        each = max(ROOM_COST, -(-self._next_rows() // len(self.open)))
        if not self.rows:
            return each
        indexed = len(self.hits) / self.rows * self.size
        cost = (each + ROOM_COST) * len(self.open)
        return each if cost <= INDEX_COST * indexed else None

    def take(self, read: dict[str, Place], rows: int, hits: Iterable[Hit]) -> None:
        """Add what was found in `rows` messages; `read` is how far each room was read that has more."""
        self.rows += rows
        self.hits = sorted([*self.hits, *hits], key=_order)[: self.wanted]
        last = self.oldest
        self.open = {r: p for r, p in read.items() if last is None or p.is_before(last)}

    @property
    def oldest(self) -> Place | None:
        """The place of the last hit that is wanted: nothing after it matters."""
        return self.hits[-1].place if len(self.hits) == self.wanted else None

    def _next_rows(self) -> int:
        if not self.hits:
            return FIRST_ROWS
        missing = self.wanted - len(self.hits)  # none: to be sure of those that are there
        return max(self.rows, int(1.2 * missing * self.rows / len(self.hits)))


def _order(hit: Hit) -> tuple[timedelta, str, int]:
    place = hit.place
    return _LATEST - place.sent_at, place.room, -place.offset
