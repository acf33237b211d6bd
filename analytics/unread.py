"""Unread counts, recounted from the log, against what the tables give; and how wrong ones are repaired.

Counts are nowhere stored: where one is wrong, rows that it follows from are. A repair gives these rows of the
room, or the blocks, the values that the log folds to, while the projector waits for its partition.
"""

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import psycopg
from msgspec import Struct, field
from psycopg.types.json import Jsonb

from analytics.postgres import Snapshot, snapshot
from analytics.verify import (
    WORTH_A_PROCESS,
    Ends,
    Found,
    Known,
    Plan,
    follow_people,
    prepare,
    read_events,
    read_own,
)
from roomlog.kafka import Log, Range
from roomlog.partitions import PARTITIONS, partition_of
from roomlog.readmodels.compare import Difference, Differences, compare
from roomlog.readmodels.fold.chat import ChatFold
from roomlog.readmodels.fold.erased import without_erased
from roomlog.readmodels.fold.rows import Rows
from roomlog.readmodels.fold.users import UserFold
from roomlog.readmodels.tables import (
    BLOCKS,
    MARKERS,
    MEMBERS,
    MESSAGES,
    NOTIFICATIONS,
    OFFSETS,
    ROOMS,
    Key,
    Row,
    Table,
    named,
)
from roomlog.readmodels.unread import COUNTS, recount
from roomlog.times import time_of
from roomlog.topics import CHAT_EVENTS, USER_EVENTS
from roomlog.workers import OnProgress, each, worth
from schemas.registry import Codecs

COUNTED_FROM = (ROOMS, MEMBERS, MESSAGES, NOTIFICATIONS)
"""What counts follow from, besides read markers and blocks."""
_JSON = ("sealed", "attachments")
_LOCK = f"""
SELECT next FROM {OFFSETS} WHERE topic = %s AND partition = %s FOR UPDATE"""  # noqa: S608
_LOCK_PEOPLE = f"""
SELECT partition, next FROM {OFFSETS} WHERE topic = %s ORDER BY partition FOR UPDATE"""  # noqa: S608
_FORWARD = f"""
INSERT INTO {MARKERS.name} AS m (user_id, room_id, "offset", marked_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (user_id, room_id) DO UPDATE SET "offset" = excluded."offset",
    marked_at = excluded.marked_at
WHERE m."offset" < excluded."offset"
"""  # noqa: S608


class Outcome(Struct):
    """What was found, and how many rows were put right."""

    records: int = 0
    counts: int = 0
    """Rooms of people, each with its counts."""
    differences: Differences = field(default_factory=Differences)
    repaired: int = 0


class _Part(NamedTuple):
    """One partition of chat.events, and the markers of its rooms."""

    partition: int
    end: int
    markers: dict[Key, Row]


class _Counted(NamedTuple):
    records: int
    counts: dict[Key, Row]


def repair_unread(
    plan: Plan, apply: bool, on_total: OnProgress, on_progress: OnProgress
) -> Outcome:
    """Recount everything as of one moment; with `apply` put right what wrong counts follow from.

    `on_total` gets the number of records before the work begins. Raises CannotVerify, LogUnavailable or
    psycopg.Error.
    """
    found, should, people = Found(), dict[Key, Row](), UserFold()
    with snapshot(plan.postgres) as tables:
        known, ends = prepare(plan, tables)
        own = asyncio.run(read_own(known, tables, ends, found))
        asyncio.run(follow_people(known, people, {}, ends, found))
        blocks = people.rows()[BLOCKS.name]
        on_total(sum(end for (topic, _), end in ends.items() if topic == CHAT_EVENTS))
        for counted in _recounted(known, ends, own[MARKERS.name], blocks, on_progress):
            found.records += counted.records
            should.update(counted.counts)
        wrong = list(compare(COUNTS, should, tables.unread()))
        are_blocks_wrong = blocks != tables.rows(BLOCKS)[BLOCKS.name]
    outcome = Outcome(found.records, len(should))
    outcome.differences.add(wrong)
    if apply and are_blocks_wrong:
        outcome.repaired += asyncio.run(_repair_blocks(known, people, ends))
    if apply:
        for partition, rooms in _by_partition(wrong).items():
            end = ends.get((CHAT_EVENTS, partition), 0)
            markers = {k: row for k, row in own[MARKERS.name].items() if k[1] in rooms}
            repair = _Repair(known, partition, rooms, markers)
            outcome.repaired += asyncio.run(repair.carry_out(end))
    return outcome


def _recounted(
    known: Known,
    ends: Mapping[tuple[str, int], int],
    markers: Mapping[Key, Row],
    blocks: dict[Key, Row],
    on_progress: OnProgress,
) -> Iterator[_Counted]:
    of: list[dict[Key, Row]] = [{} for _ in range(PARTITIONS)]
    for key, row in markers.items():
        of[partition_of(key[1])][key] = row
    parts = [_Part(p, ends.get((CHAT_EVENTS, p), 0), of[p]) for p in range(PARTITIONS)]
    parts.sort(key=lambda part: -part.end)
    workers = worth(sum(part.end for part in parts), WORTH_A_PROCESS)
    return each(partial(_recount_partition, known, blocks), parts, on_progress, workers)


def _recount_partition(
    known: Known, blocks: dict[Key, Row], part: _Part, on_progress: OnProgress
) -> _Counted:
    fold, found = ChatFold(part.partition), Found()
    asyncio.run(_take(known, fold, Range(part.partition, 0, part.end), found))
    on_progress(part.end)
    others = {MARKERS.name: part.markers, BLOCKS.name: blocks}
    return _Counted(found.records, recount(fold.rows() | others))


async def _take(known: Known, fold: ChatFold, range_: Range, found: Found) -> None:
    codec = Codecs.of(known.plan.resolved).chat_events
    async with Log(known.plan.brokers, CHAT_EVENTS) as log:
        read = read_events(known, log, CHAT_EVENTS, codec, range_, found)
        async for offset, event, is_refused in read:
            fold.take(event, offset, is_refused)


def _by_partition(wrong: list[Difference]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for difference in wrong:
        room = difference.key["room"]
        found.setdefault(partition_of(room), set()).add(room)
    return found


async def _repair_blocks(known: Known, people: UserFold, ends: Ends) -> int:
    """Give the blocks what the log folds to, of which `people` has what is before `ends`; return how many rows.

    Raises LogUnavailable or psycopg.Error.
    """
    with psycopg.connect(known.plan.postgres) as connection:
        locked = connection.execute(_LOCK_PEOPLE.encode(), [USER_EVENTS]).fetchall()
        now = {(USER_EVENTS, int(partition)): int(next_) for partition, next_ in locked}
        await follow_people(known, people, ends, now, Found())
        should, there = people.rows()[BLOCKS.name], Snapshot(connection).rows(BLOCKS)[BLOCKS.name]
        return _write_rows(connection, BLOCKS, should, there)


def _write_rows(
    connection: psycopg.Connection,
    table: Table,
    should: Mapping[Key, Row],
    there: Mapping[Key, Row],
) -> int:
    """Make rows of a table what they should be; return how many were not."""
    wrong = [key for key in should.keys() | there.keys() if should.get(key) != there.get(key)]
    for key in wrong:
        connection.execute(*_statement(table, key, should.get(key)))
    return len(wrong)


class _Repair:
    """Puts right the rows of some rooms of one partition."""

    def __init__(
        self, known: Known, partition: int, rooms: set[str], markers: Mapping[Key, Row]
    ) -> None:
        self._known, self._partition = known, partition
        self._rooms, self._markers = rooms, markers
        self._fold = ChatFold(partition)

    async def carry_out(self, end: int) -> int:
        """Fold the log up to `end`, and then, while the projector waits, what it wrote since; return how many rows.

        Raises LogUnavailable or psycopg.Error.
        """
        await _take(self._known, self._fold, Range(self._partition, 0, end), Found())
        with psycopg.connect(self._known.plan.postgres) as connection:
            row = connection.execute(_LOCK.encode(), [CHAT_EVENTS, self._partition]).fetchone()
            now = end if row is None else int(row[0])
            await _take(self._known, self._fold, Range(self._partition, end, now), Found())
            return self._write(connection)

    def _write(self, connection: psycopg.Connection) -> int:
        should = without_erased(self._fold.rows(), self._known.erased)
        there = Snapshot(connection).rows_of_rooms(sorted(self._rooms))
        written = 0
        for table in COUNTED_FROM:
            of_rooms = _only(table, should, self._rooms)
            written += _write_rows(connection, table, of_rooms, there[table.name])
        for key, (offset, at) in self._markers.items():
            values = [*key, offset, time_of(at)]
            written += connection.execute(_FORWARD.encode(), values).rowcount
        return written


def _only(table: Table, rows: Rows, rooms: set[str]) -> dict[Key, Row]:
    place = table.key.index("id" if table is ROOMS else "room_id")
    return {key: row for key, row in rows[table.name].items() if key[place] in rooms}


def _statement(table: Table, key: Key, row: Row | None) -> tuple[bytes, list[Any]]:
    """Return SQL, and its parameters, that gives a row these values, or takes it away."""
    if row is None:
        condition = " AND ".join(f'"{name}" = %s' for name in table.key)
        return f"DELETE FROM {table.name} WHERE {condition}".encode(), list(key)  # noqa: S608
    names = (*table.key, *table.columns)
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in table.columns)
    marks = ", ".join("%s::uuid[]" if name == "mentions" else "%s" for name in names)
    query = f"""
INSERT INTO {table.name} ({named(names)}) VALUES ({marks})
ON CONFLICT ({named(table.key)}) DO UPDATE SET {changes}"""  # noqa: S608
    return query.encode(), [_sent(*pair) for pair in zip(names, (*key, *row), strict=True)]


def _sent(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name.endswith("_at"):
        return time_of(value)
    return Jsonb(value) if name in _JSON else value
