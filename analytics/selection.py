"""Which part of the log an export or a replay takes. Pure.

An event is taken when every given condition holds. Times are those of the events (`ts`), which for an
import are the original ones; `since` is included, `until` is not.
"""

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from roomlog import ids
from roomlog.events import BODY_TYPES
from roomlog.kafka import Range
from roomlog.partitions import PARTITIONS, partition_of
from roomlog.times import parse_time

CLOCK_SLACK_US = 24 * 3600 * 1_000_000
"""How far the clock of a node may be ahead of the broker's before `since` could overlook its events."""

EVERYBODY = "default"
"""What is in no workspace, as requests name it."""
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]")
_INT64 = (-(2**63), 2**63 - 1)


class BadSelection(ValueError):
    """An option that selects nothing that exists; the message says what would be right."""


class Selection(Struct, frozen=True):
    """What to take. Empty sets mean: no condition. Times are microseconds since 1970."""

    rooms: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    since: int = _INT64[0]
    until: int = _INT64[1]
    starts: dict[int, int] = {}
    stops: dict[int, int] = {}
    workspaces: frozenset[str] = frozenset()
    """Ids; "" is the one that everybody is in."""

    @property
    def partitions(self) -> list[int]:
        """The partitions to read: those of the rooms, and among them those that `--from`, `--to` name."""
        found = {partition_of(r) for r in self.rooms} or set(range(PARTITIONS))
        named = self.starts.keys() | self.stops.keys()
        return sorted(found & named if named else found)

    def takes(self, room: str, workspace: str, kind: str, occurred_at: int) -> bool:
        """Tell whether an event of these properties is taken, its offset apart."""
        return (
            (not self.rooms or room in self.rooms)
            and (not self.workspaces or workspace in self.workspaces)
            and (not self.types or kind in self.types)
            and self.since <= occurred_at < self.until
        )

    @property
    def appended_since_ms(self) -> int | None:
        """The append time (milliseconds) before which nothing can be taken; None for none.

        An event is appended after it occurred, however much later; only a clock can say otherwise.
        """
        if self.since == _INT64[0]:
            return None
        return max(0, (self.since - CLOCK_SLACK_US) // 1_000)

    def ranges(
        self,
        bounds: Mapping[int, tuple[int, int]],
        since_offsets: Mapping[int, int | None] | None = None,
    ) -> list[Range]:
        """Return what to read, given each partition's `(first, end)` offsets.

        `since_offsets` has the first offset appended after `appended_since_ms`, None for none.
        """
        found = []
        for p in self.partitions:
            first, end = bounds[p]
            if since_offsets is not None:
                after = since_offsets.get(p)
                first = end if after is None else max(first, after)
            start = max(first, self.starts.get(p, first))
            found.append(Range(p, start, max(start, min(end, self.stops.get(p, end)))))
        return found


def select(
    rooms: Iterable[str] = (),
    types: Iterable[str] = (),
    since: str | None = None,
    until: str | None = None,
    starts: Iterable[str] = (),
    stops: Iterable[str] = (),
    workspaces: Iterable[str] = (),
) -> Selection:
    """Return the selection that command line options ask for; raises BadSelection, BadTime."""
    return Selection(
        frozenset(map(_room, rooms)),
        frozenset(map(_type, types)),
        _INT64[0] if since is None else parse_time(since),
        _INT64[1] if until is None else parse_time(until),
        dict(map(_place, starts)),
        dict(map(_place, stops)),
        frozenset(map(_workspace, workspaces)),
    )


def _room(text: str) -> str:
    room = text.strip().lower()
    if not ids.is_id(room):
        raise BadSelection(f"{text!r} is no room id (a UUID); rooms are selected by id")
    return room


def _workspace(text: str) -> str:
    name = text.strip().lower()
    if name == EVERYBODY:
        return ""
    if ids.is_id(name):
        return name
    if _SLUG.fullmatch(name):
        return ids.workspace_id(name)
    raise BadSelection(
        f"{text!r} is no workspace: give its id, its short name, or {EVERYBODY!r} for the rooms of none"
    )


def _type(text: str) -> str:
    by_lower = {name.lower(): name for name in BODY_TYPES}
    if found := by_lower.get(text.strip().lower()):
        return found
    raise BadSelection(f"no event type {text!r}; there are {', '.join(BODY_TYPES)}")


def _place(text: str) -> tuple[int, int]:
    partition, colon, offset = text.partition(":")
    if not (colon and partition.isdecimal() and offset.isdecimal()):
        raise BadSelection(f"{text!r} is no place: write PARTITION:OFFSET, for example 3:1500")
    if int(partition) >= PARTITIONS:
        raise BadSelection(f"no partition {partition}; they are 0 to {PARTITIONS - 1}")
    return int(partition), int(offset)
