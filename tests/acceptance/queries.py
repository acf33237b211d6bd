"""Is an import in the log and in the read models, whole, once, in order, with its threads?

Every event id of an import can be computed from its files, so the expectation needs nothing that the
platform said. By hand: `python -m tests.acceptance.queries --data DIR FILE...` prints every counter.
"""

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import psycopg
from msgspec import Struct, structs

from roomlog.bridge.actions import Placed, read_file
from roomlog.bridge.script import Bridge, RoomScript
from roomlog.bridge.survey import survey_files
from roomlog.kafka import Log, Range
from roomlog.partitions import partition_of
from roomlog.target import find_target
from schemas.codec import PoisonRecord
from schemas.registry import Registry

PROJECTED = "SELECT partition, next FROM projection_offsets WHERE topic = 'chat.events'"
ROWS = """
SELECT room_id::text, event_id::text, "offset", reply_to::text
  FROM messages WHERE room_id = ANY(%(rooms)s::uuid[]) ORDER BY room_id, "offset"
"""
ORPHANS = """
SELECT m.event_id::text
  FROM messages m
 WHERE m.room_id = ANY(%(rooms)s::uuid[]) AND m.reply_to IS NOT NULL
   AND NOT EXISTS (SELECT FROM messages p
                    WHERE p.room_id = m.room_id AND p.event_id = m.reply_to AND p."offset" < m."offset")
"""
COUNTS = """
SELECT count(*) FILTER (WHERE r.message_count <> (SELECT count(*) FROM messages m WHERE m.room_id = r.id))
  FROM rooms r WHERE r.id = ANY(%(rooms)s::uuid[])
"""


class Verdict(Struct):
    """Problems, each a count that must be 0, and beside them how much was looked at."""

    actions: int = 0
    events: int = 0
    messages: int = 0
    replies: int = 0
    replies_to_events_that_are_no_messages: int = 0
    log_missing: int = 0
    log_repeated: int = 0
    log_unknown: int = 0
    log_disordered: int = 0
    rows_missing: int = 0
    rows_unknown: int = 0
    rows_misplaced: int = 0
    rows_with_wrong_parent: int = 0
    rows_with_no_parent: int = 0
    rooms_with_wrong_count: int = 0

    @property
    def problems(self) -> dict[str, int]:
        """The counters that must be 0 and are not."""
        names = [n for n in self.__struct_fields__ if n.startswith(("log_", "rows_", "rooms_"))]
        return {n: c for n in names if (c := getattr(self, n))}


class Expected(Struct):
    """One room as its files say: event ids in order, and the parents of those that are messages."""

    events: list[str]
    messages: dict[str, str | None]


def expectation(files: Iterable[Path], bridge: Bridge) -> dict[str, Expected]:
    """Return what an import of the files must have led to, by room id."""
    survey = survey_files(list(files), lambda _n: None)
    scripts: dict[str, RoomScript] = {}
    found: dict[str, Expected] = {}
    for path in (p for group in survey.groups for p in group):
        for placed in read_file(path):
            assert isinstance(placed, Placed), placed
            room = placed.action.room
            if room not in scripts:
                parents = survey.parents.get(room, set())
                scripts[room] = RoomScript(bridge, room, survey.starts[room], parents)
            script = scripts[room]
            expected = found.setdefault(script.room_id, Expected([], {}))
            for step in script.steps(placed.action):
                expected.events.append(step.event_id)
                if step.command["op"] == "send":
                    expected.messages[step.event_id] = step.command.get("reply_to")
    return found


async def check_import(
    files: list[Path], bridge: Bridge, kafka: str, postgres: str, registry: str
) -> Verdict:
    """Compare files, log and read models, once the projection has reached the log's end."""
    expected = expectation(files, bridge)
    log = await read_log(kafka, registry, set(expected))
    rows, orphans, wrong_counts = await read_rows(kafka, postgres, sorted(expected))
    verdict = Verdict(actions=survey_files(files, lambda _n: None).actions)
    verdict.rooms_with_wrong_count = wrong_counts
    for room, want in expected.items():
        _check_log(verdict, want, log.get(room, []))
        _check_rows(verdict, want, log.get(room, []), rows.get(room, []))
    no_messages = {
        e
        for want in expected.values()
        for e, parent in want.messages.items()
        if parent is not None and parent not in want.messages
    }
    verdict.replies_to_events_that_are_no_messages = len(no_messages)
    verdict.rows_with_no_parent = len(orphans - no_messages)
    return verdict


def _check_log(verdict: Verdict, want: Expected, log: list[tuple[int, str, str]]) -> None:
    events = [e for _, e, kind in log if kind != "RoomCreated"]
    counts, known = Counter(events), set(want.events)
    verdict.events += len(want.events)
    verdict.log_missing += len(known - counts.keys())
    verdict.log_unknown += len(counts.keys() - known)
    verdict.log_repeated += sum(c - 1 for c in counts.values())
    first = list(dict.fromkeys(events))
    verdict.log_disordered += sum(a != b for a, b in zip(first, want.events, strict=False))


def _check_rows(
    verdict: Verdict,
    want: Expected,
    log: list[tuple[int, str, str]],
    rows: list[tuple[str, int, str | None]],
) -> None:
    offsets = {e: o for o, e, _ in reversed(log)}
    verdict.messages += len(want.messages)
    verdict.replies += sum(p is not None for p in want.messages.values())
    verdict.rows_missing += len(want.messages.keys() - {e for e, _, _ in rows})
    verdict.rows_unknown += sum(e not in want.messages for e, _, _ in rows)
    verdict.rows_misplaced += sum(offsets.get(e) != o for e, o, _ in rows)
    verdict.rows_with_wrong_parent += sum(
        e in want.messages and want.messages[e] != p for e, _, p in rows
    )


async def read_log(
    kafka: str, registry: str, rooms: set[str]
) -> dict[str, list[tuple[int, str, str]]]:
    """Return `(offset, event id, type)` of every record of some rooms, from the log itself."""
    codec = Registry(registry).codecs().chat_events
    found: dict[str, list[tuple[int, str, str]]] = {}
    async with Log(kafka, "chat.events") as log:
        for p, (first, end) in (await log.bounds(map(partition_of, rooms))).items():
            async for chunk in log.read(Range(p, first, end)):
                for offset, value in zip(chunk.offsets, chunk.values, strict=True):
                    try:
                        event = codec.decode(value)
                    except PoisonRecord:
                        continue
                    if event.room_id in rooms:
                        found.setdefault(event.room_id, []).append(
                            (offset, event.event_id, event.type)
                        )
    return found


async def read_rows(
    kafka: str, postgres: str, rooms: list[str]
) -> tuple[dict[str, list[tuple[str, int, str | None]]], set[str], int]:
    """Return the messages of rooms, those whose parent is not before them, and rooms that miscount."""
    found: dict[str, list[tuple[str, int, str | None]]] = {}
    async with await psycopg.AsyncConnection.connect(postgres, autocommit=True) as connection:
        await projected(kafka, connection)
        async for room, event, offset, parent in await connection.execute(ROWS, {"rooms": rooms}):
            found.setdefault(room, []).append((event, offset, parent))
        orphans = await (await connection.execute(ORPHANS, {"rooms": rooms})).fetchall()
        counted = await (await connection.execute(COUNTS, {"rooms": rooms})).fetchone()
    return found, {e for (e,) in orphans}, counted[0] if counted else 0


async def projected(kafka: str, connection: psycopg.AsyncConnection, within_s: float = 120) -> None:
    """Wait until the read models have reached the end that the log has now."""
    async with Log(kafka, "chat.events") as log:
        ends = {p: end for p, (_, end) in (await log.bounds(range(24))).items() if end}
    async with asyncio.timeout(within_s):
        while True:
            rows = await (await connection.execute(PROJECTED)).fetchall()
            reached = dict(rows)
            if all(reached.get(p, 0) >= end for p, end in ends.items()):
                return
            await asyncio.sleep(0.1)


def main() -> None:
    """Print the verdict on an import as JSON; exit code 1 for problems."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--bridge", default="import")
    parser.add_argument("files", nargs="+", type=Path)
    given = parser.parse_args()
    settings = find_target(given.data).settings
    verdict = asyncio.run(
        check_import(
            given.files,
            Bridge(given.bridge),
            settings.kafka,
            settings.postgres,
            settings.registry,
        )
    )
    print(json.dumps(structs.asdict(verdict), indent=2))
    raise SystemExit(1 if verdict.problems else 0)


if __name__ == "__main__":
    main()
