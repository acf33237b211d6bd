"""The read models against a fold of the log, both at the same offsets; nothing is written.

The log is folded by `roomlog.readmodels.fold`, which shares nothing with the projector but the rule of who
counts: a mistake of either shows.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from msgspec import Struct, field

from analytics.postgres import Snapshot, snapshot
from roomlog import letters
from roomlog.accounts import UserEvent
from roomlog.events import ChatEvent
from roomlog.ids import is_id
from roomlog.kafka import Log, Range
from roomlog.partitions import PARTITIONS
from roomlog.readmodels.compare import Difference, Differences, compare
from roomlog.readmodels.fold.chat import ChatFold
from roomlog.readmodels.fold.erased import without_erased
from roomlog.readmodels.fold.reads import ReadFold
from roomlog.readmodels.fold.rows import Rows, applied_rows
from roomlog.readmodels.fold.users import UserFold
from roomlog.readmodels.tables import (
    APPLIED,
    BLOCKS,
    ERASED,
    FILES,
    FRIENDSHIPS,
    MARKERS,
    OWN,
    SCHEDULED,
    TABLES,
    USERS,
    Key,
    Row,
)
from roomlog.reads import ReadEvent
from roomlog.topics import CHAT_EVENTS, CHAT_READS, USER_EVENTS
from roomlog.workers import OnProgress, each, worth
from schemas.codec import Codec, PoisonRecord
from schemas.registry import Codecs, Resolved

WORTH_A_PROCESS = 100_000
_TABLES = {table.name: table for table in TABLES}
_TOPICS = (CHAT_EVENTS, USER_EVENTS, CHAT_READS)
_TELL_EVERY = 1_000
_R = TypeVar("_R", ChatEvent, ReadEvent, UserEvent)
Ends = dict[tuple[str, int], int]
"""Topic and partition -> the offset up to which it is projected."""


class CannotVerify(RuntimeError):
    """The log does not have what the tables were made from; the message says what is missing."""


class Plan(Struct, frozen=True):
    """What is compared."""

    brokers: str
    postgres: str
    resolved: Mapping[str, Resolved]


class Outcome(Struct):
    """What was found, and in how much."""

    records: int = 0
    refused: int = 0
    """Records that nobody can read, or that have a dead letter."""
    rows: dict[str, int] = field(default_factory=dict)
    differences: Differences = field(default_factory=Differences)

    def add(self, found: "Found") -> None:
        """Add what a part came to."""
        self.records += found.records
        self.refused += found.refused
        for name, count in found.rows.items():
            self.rows[name] = self.rows.get(name, 0) + count
        self.differences.add(found.differences)


class _Part(NamedTuple):
    """One partition of chat.events, with the rooms that tables have rows of."""

    partition: int
    end: int
    rooms: list[str]
    snapshot: str


class Found(Struct):
    """What a part came to."""

    records: int = 0
    refused: int = 0
    applied: dict[str, int | None] = field(default_factory=dict)
    """Ids of the events that are no messages."""
    rows: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    def compare(self, should: Rows, there: Rows) -> None:
        """Count the rows of some tables, and note where they differ."""
        for name, rows in there.items():
            self.rows[name] = len(rows)
            self.differences += compare(_TABLES[name], should[name], rows)


class Known(Struct, frozen=True):
    """The plan, and the places that were not applied or count for nothing."""

    plan: Plan
    refused: frozenset[letters.Place]
    passed_over: frozenset[letters.Place]
    erased: frozenset[str] = frozenset()
    """Who deleted their account, as the tables say; that they are right is looked at like all else."""


def verify(plan: Plan, on_total: OnProgress, on_progress: OnProgress) -> Outcome:
    """Compare everything; `on_total` gets the number of records before the work begins.

    Raises CannotVerify, LogUnavailable or psycopg.Error.
    """
    with snapshot(plan.postgres) as tables:
        known, ends = prepare(plan, tables)
        on_total(sum(ends.values()))
        outcome = Outcome()
        applied: dict[str, int | None] = {}
        for found in _chat(known, tables, ends, on_progress):
            outcome.add(found)
            applied.update(found.applied)
        outcome.add(asyncio.run(_others(known, tables, ends, applied)))
    return outcome


def prepare(plan: Plan, tables: Snapshot) -> tuple[Known, Ends]:
    """Return what must be known to fold the log, and up to where the tables have it; raises as `verify`."""
    ends = {place: end for place, end in tables.offsets().items() if place[0] in _TOPICS}
    asyncio.run(_require_whole_log(plan.brokers, ends))
    said = asyncio.run(letters.read(plan.brokers))
    refused = frozenset(letters.refused(said, only_settled=False))
    erased = frozenset(str(user) for (user,) in tables.rows(ERASED)[ERASED.name])
    return Known(plan, refused, letters.passed_over(said), erased), ends


async def _require_whole_log(brokers: str, ends: Ends) -> None:
    for topic in _TOPICS:
        async with Log(brokers, topic) as log:
            bounds = await log.bounds(log.partitions)
        for partition, (start, end) in bounds.items():
            wanted = ends.get((topic, partition), 0)
            if (start > 0 and topic != CHAT_READS) or end < wanted:
                raise CannotVerify(
                    f"the tables were made from {topic} partition {partition} up to offset {wanted}, "
                    f"and the log holds {start} to {end}: it is not the log of these tables, or not whole"
                )


def _chat(known: Known, tables: Snapshot, ends: Ends, on_progress: OnProgress) -> Iterator[Found]:
    rooms, shared = tables.rooms(), tables.share()
    parts = [
        _Part(p, ends.get((CHAT_EVENTS, p), 0), rooms.get(p, []), shared) for p in range(PARTITIONS)
    ]
    parts.sort(key=lambda part: -part.end)  # no process is left alone with the longest at the end
    workers = worth(sum(part.end for part in parts), WORTH_A_PROCESS)
    return each(partial(_verify_partition, known), parts, on_progress, workers)


def _verify_partition(known: Known, part: _Part, on_progress: OnProgress) -> Found:
    return asyncio.run(_partition(known, part, on_progress))


async def _partition(known: Known, part: _Part, on_progress: OnProgress) -> Found:
    fold, found = ChatFold(part.partition), Found()
    codec = Codecs.of(known.plan.resolved).chat_events
    async with Log(known.plan.brokers, CHAT_EVENTS) as log:
        read = read_events(
            known, log, CHAT_EVENTS, codec, Range(part.partition, 0, part.end), found
        )
        async for offset, event, is_refused in read:
            fold.take(event, offset, is_refused)
            if not offset % _TELL_EVERY:
                on_progress(offset)
    on_progress(part.end)
    with snapshot(known.plan.postgres, part.snapshot) as tables:
        rooms = {room for room in fold.rooms if is_id(room)}.union(part.rooms)
        should = without_erased(fold.rows(), known.erased)
        found.compare(should, tables.rows_of_rooms(sorted(rooms)))
    found.applied = fold.applied
    return found


async def _others(
    known: Known, tables: Snapshot, ends: Ends, applied: dict[str, int | None]
) -> Found:
    """Compare what is not about rooms; `applied` are the ids of their events, with their offsets."""
    found = Found()
    users = UserFold()
    await follow_people(known, users, {}, ends, found)
    there: Rows = tables.notifications_of_no_room()
    for table in (USERS, ERASED, SCHEDULED, FILES, FRIENDSHIPS, BLOCKS):
        there |= tables.rows(table)
    found.compare(users.rows(), there)
    found.compare(applied_rows(applied | users.applied), tables.rows(APPLIED))
    there = {name: rows for table in OWN for name, rows in tables.rows(table).items()}
    found.compare(await read_own(known, tables, ends, found), there)
    return found


def _forgive_later(should: dict[Key, Row], there: Mapping[Key, Row]) -> None:
    """Expect the markers that are further than the log shows: it is compacted."""
    for key, row in there.items():
        if key not in should or should[key][0] < row[0]:
            should[key] = row


async def read_own(known: Known, tables: Snapshot, ends: Ends, found: Found) -> Rows:
    """Return the rows that chat.reads folds to; markers that compaction took from the log as they are."""
    reads = ReadFold()
    codec = Codecs.of(known.plan.resolved).chat_reads
    async for event in _read_all(known, CHAT_READS, codec, {}, ends, found):
        reads.take(event)
    own = without_erased(reads.rows(), known.erased)
    _forgive_later(own[MARKERS.name], tables.rows(MARKERS)[MARKERS.name])
    return own


async def follow_people(
    known: Known, users: UserFold, starts: Ends, ends: Ends, found: Found
) -> None:
    """Fold what user.events has from some offsets (0 where none is given) up to others."""
    codec = Codecs.of(known.plan.resolved).user_events
    async for event in _read_all(known, USER_EVENTS, codec, starts, ends, found):
        users.take(event)


async def _read_all(
    known: Known, topic: str, codec: Codec[_R], starts: Ends, ends: Ends, found: Found
) -> AsyncIterator[_R]:
    """Yield what every partition of a topic has that is applied."""
    async with Log(known.plan.brokers, topic) as log:
        for (of, partition), end in ends.items():
            if of == topic:
                range_ = Range(partition, starts.get((of, partition), 0), end)
                async for _, event, is_refused in read_events(
                    known, log, topic, codec, range_, found
                ):
                    if not is_refused:
                        yield event


async def read_events(
    known: Known, log: Log, topic: str, codec: Codec[_R], range_: Range, found: Found
) -> AsyncIterator[tuple[int, _R, bool]]:
    """Yield offset, event, and whether it has a dead letter, of all that can be read."""
    async for chunk in log.read(range_):
        found.records += len(chunk.values)
        for offset, value in zip(chunk.offsets, chunk.values, strict=True):
            if topic == CHAT_READS and not value:
                continue  # it lets compaction forget what stood under its key
            place = (topic, range_.partition, offset)
            is_refused = place in known.refused
            try:
                event = None if place in known.passed_over else codec.decode(value)
            except PoisonRecord:
                event = None
            found.refused += is_refused or event is None
            if event is not None:
                yield offset, event, is_refused
