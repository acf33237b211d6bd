"""How fast the projector drains a filled log, and what an event costs.

    roomlog up --only kafka,postgres,valkey,registry --detach --data DIR
    python bench/projector_drain.py --data DIR [--events 240000] [--irc DIR_OF_REAL_CHAT]

Fills chat.events unless it holds enough already, and projects it into a database of its own. Then it
empties the tables that the projector filled, and copies the very same rows into them again: all tables
with all of their indexes and constraints, rows in the order in which they lie there, 5,000 a transaction,
packed beforehand, from one session. That is the bound: no projector can do with less. `copy_percent` is
the processor time of that (PostgreSQL's and its client's) as a share of what the projector and PostgreSQL
took for the same rows, so both are events for each second of one core. No projector may run on the
stack meanwhile.
"""

import argparse
import asyncio
import gzip
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import psutil
import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from projector.migrate import migrate
from projector.rows import HEADER, TRAILER
from roomlog import ids
from roomlog.brokers import client_options
from roomlog.events import (
    ChatEvent,
    FirstMember,
    MemberJoined,
    MemberLeft,
    MessagePosted,
    RoomCreated,
)
from roomlog.partitions import PARTITIONS, partition_of
from roomlog.topics import CHAT_EVENTS
from schemas.codec import ChatEventCodec
from schemas.registry import Registry

DATABASE = "roomlog_drain"
BATCH = 5_000
TICK_S = 0.05
TABLES = "SELECT relname FROM pg_stat_user_tables WHERE relname <> 'schema_migrations'"


class Cpu(NamedTuple):
    """Seconds of processor time, of PostgreSQL's client and of all of PostgreSQL."""

    client: float
    postgres: float


def real_events(directory: Path) -> Iterator[ChatEvent]:
    """Yield the events that real chat logs lead to."""
    for path in sorted(directory.glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as lines:
            yield from _of_room(json.loads(line) for line in lines)


def made_up_events() -> Iterator[ChatEvent]:
    """Yield events of the same shape for ever: 170 rooms, 25,000 people, one event in five no message."""
    lines = (
        {
            "room": f"room {n % 170}",
            "line": n,
            "at": "2026-01-01T00:00:00.000Z",
            "kind": "join" if n % 5 == 0 else "message",
            "sender": f"person {n * 7919 % 25_000}",
            "text": "What is said in a chat is about as long as this sentence here",
            **({"reply_to": n - 170} if n % 4 == 1 and n > 170 else {}),
        }
        for n in itertools.count()
    )
    yield from _of_room(lines)


def _of_room(lines: Iterator[dict]) -> Iterator[ChatEvent]:
    members: dict[str, set[str]] = {}
    for line in lines:
        sender, room = ids.bridge_user_id("bench", line["sender"]), ids.derived_id(line["room"])
        at = int(datetime.fromisoformat(line["at"]).timestamp() * 1e6)

        def event(key: str, body, sender=sender, room=room, at=at) -> ChatEvent:
            return ChatEvent(ids.event_id(sender, room, key), room, "", sender, key, at, "n1", body)

        if room not in members:
            members[room] = {sender}
            yield event(
                "create", RoomCreated(line["room"], "public", "", (FirstMember(sender, "owner"),))
            )
        key = ids.derived_id("line", str(line["line"]))
        if line["kind"] == "join":
            members[room].add(sender)
            yield event(key, MemberJoined(sender))
        elif line["kind"] == "leave":
            members[room].discard(sender)
            yield event(key, MemberLeft(sender))
        elif line["kind"] in ("message", "action"):
            # Was there before the recording began: who is no member says nothing that counts.
            if sender not in members[room]:
                members[room].add(sender)
                yield event(ids.derived_id("join", key), MemberJoined(sender))
            parent = line.get("reply_to")
            reply = None if parent is None else ids.derived_id(room, str(parent))
            yield event(key, MessagePosted(line["text"], reply))


async def fill(kafka: str, codec: ChatEventCodec, events: Iterator[ChatEvent], count: int) -> None:
    """Append so many events to chat.events."""
    producer = AIOKafkaProducer(**client_options(kafka), acks="all", linger_ms=5)
    await producer.start()
    try:
        while some := list(itertools.islice(events, min(BATCH, count))):
            count -= len(some)
            await asyncio.gather(*[await _send(producer, codec, event) for event in some])
    finally:
        await producer.stop()


async def _send(
    producer: AIOKafkaProducer, codec: ChatEventCodec, event: ChatEvent
) -> asyncio.Future[object]:
    room = event.room_id
    value = codec.encode(event)
    return await producer.send(CHAT_EVENTS, value, room.encode(), partition=partition_of(room))


async def log_size(kafka: str) -> int:
    """Return how many events chat.events holds."""
    consumer = AIOKafkaConsumer(**client_options(kafka))
    await consumer.start()
    try:
        partitions = [TopicPartition(CHAT_EVENTS, p) for p in range(PARTITIONS)]
        return sum((await consumer.end_offsets(partitions)).values())
    finally:
        await consumer.stop()


def empty_database(dsn: str) -> str:
    """Return the connection string of a new database beside the given one."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    own = make_conninfo(dsn, dbname=DATABASE)
    migrate(own)
    return own


def drain(environment: dict[str, str], size: int) -> tuple[float, Cpu, subprocess.Popen[bytes]]:
    """Run a projector with these settings until it has projected `size` events; return seconds and processor time.

    The clock runs from its first commit to its last.
    """
    whole = {**os.environ, **environment, "ROOMLOG_METRICS_PORT": "8391"}
    process = subprocess.Popen([sys.executable, "-m", "roomlog.cli", "projector"], env=whole)
    with psycopg.connect(environment["ROOMLOG_POSTGRES"], autocommit=True) as connection:
        server = psutil.Process(connection.info.backend_pid).parent()
        worker = psutil.Process(process.pid)
        first = _wait(connection, 1, process)
        start, before = time.perf_counter(), Cpu(_cpu(worker), _cpu_tree(server))
        last = _wait(connection, size, process)
        seconds, after = time.perf_counter() - start, Cpu(_cpu(worker), _cpu_tree(server))
    share = (last - first) / last  # what was projected before the clock started does not count
    used = Cpu(*((b - a) / share for a, b in zip(before, after, strict=True)))
    return seconds / share, used, process


def _wait(connection: psycopg.Connection, target: int, process: subprocess.Popen[bytes]) -> int:
    query = "SELECT coalesce(sum(next), 0)::bigint FROM projection_offsets WHERE topic = %s"
    while True:
        (done,) = connection.execute(query, [CHAT_EVENTS]).fetchone() or (0,)
        if done >= target:
            return int(done)
        if process.poll() is not None:
            raise SystemExit("the projector ended, see above")
        time.sleep(TICK_S)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _cpu_tree(process: psutil.Process) -> float:
    return _cpu(process) + sum(_cpu(child) for child in process.children(recursive=True))


def stored(dsn: str) -> tuple[int, int, int]:
    """Return bytes: of all tables with their indexes, of the write-ahead log, of the index on event ids."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(
            "SELECT pg_database_size(current_database()), pg_current_wal_insert_lsn() - '0/0'::pg_lsn, "
            "pg_relation_size('messages_event_id_room_id_key')"
        ).fetchone()
    return tuple(map(int, row or ()))  # type: ignore[return-value]


def raw_copy(dsn: str) -> tuple[float, Cpu]:
    """Empty the tables, and copy the same rows into them again.

    Returns seconds, and the processor time of the client and of PostgreSQL.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        tables = [Identifier(name) for (name,) in connection.execute(TABLES)]
        chunks = [(table, chunk) for table in tables for chunk in _chunks(connection, table)]
        connection.execute(SQL("TRUNCATE {}").format(SQL(", ").join(tables)))
        connection.execute("SET synchronous_commit = off")
        client, backend = psutil.Process(), psutil.Process(connection.info.backend_pid)
        server = backend.parent()
        start, before = time.perf_counter(), Cpu(_cpu(client), _cpu_tree(server))
        for table, chunk in chunks:
            into = SQL("COPY {} FROM STDIN (FORMAT binary)").format(table)
            with connection.cursor().copy(into) as copy:
                copy.write(chunk)
        seconds, after = time.perf_counter() - start, Cpu(_cpu(client), _cpu_tree(server))
    return seconds, Cpu(*(b - a for a, b in zip(before, after, strict=True)))


def _chunks(connection: psycopg.Connection, table: Identifier) -> list[bytes]:
    query = SQL("COPY (SELECT * FROM {} ORDER BY ctid) TO STDOUT (FORMAT binary)")
    with connection.cursor().copy(query.format(table)) as copy:
        packed = [bytes(row).removeprefix(HEADER) for row in copy]
    whole = [row for row in packed if row not in (b"", TRAILER)]
    return [b"".join((HEADER, *whole[i : i + BATCH], TRAILER)) for i in range(0, len(whole), BATCH)]


def stack(data: str) -> dict[str, str]:
    """Return the addresses of a running stack."""
    command = [sys.executable, "-m", "roomlog.cli", "status", "--json", "--data", data]
    told: dict[str, str] = json.loads(subprocess.check_output(command))
    return told


def measure(told: dict[str, str], wanted: int, irc: Path | None) -> dict[str, float]:
    """Fill the log of a running stack, work it off with a projector alone, and return the figures."""
    servers = ("kafka", "registry", "valkey", "data")
    environment = {f"ROOMLOG_{name.upper()}": told[name] for name in servers}
    codec = Registry(told["registry"]).codecs().chat_events
    events = real_events(irc) if irc else made_up_events()
    missing = wanted - asyncio.run(log_size(told["kafka"]))
    if missing > 0:
        asyncio.run(fill(told["kafka"], codec, events, missing))
    size = asyncio.run(log_size(told["kafka"]))
    dsn = empty_database(told["postgres"])
    before = stored(dsn)
    seconds, cpu, process = drain({**environment, "ROOMLOG_POSTGRES": dsn}, size)
    process.terminate()
    process.wait()
    tables, wal, index = (b - a for a, b in zip(before, stored(dsn), strict=True))
    copy_seconds, copied = raw_copy(dsn)
    return {
        "per_s": round(size / seconds),
        "per_core_s": round(size / (cpu.client + cpu.postgres)),
        "projector_us": round(cpu.client / size * 1e6, 2),
        "postgres_us": round(cpu.postgres / size * 1e6, 2),
        "row_bytes": round(tables / size, 1),
        "wal_bytes": round(wal / size, 1),
        "index_bytes": round(index / size, 1),
        "copy_per_s": round(size / copy_seconds),
        "copy_us": round(sum(copied) / size * 1e6, 2),
        "copy_percent": round(sum(copied) / sum(cpu) * 100, 1),
    }


def main() -> None:
    """Measure a running stack, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data directory of a running stack")
    parser.add_argument("--events", type=int, default=240_000)
    parser.add_argument("--irc", type=Path, help="directory of real chat logs")
    options = parser.parse_args()
    print(json.dumps(measure(stack(options.data), options.events, options.irc), indent=1))


if __name__ == "__main__":
    main()
