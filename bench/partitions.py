"""What hash partitions of `messages` would bring and cost, on a PostgreSQL that does nothing else.

    roomlog up --only postgres --detach --data DIR
    python -m bench.partitions --data DIR [--messages 1000000] [--parts 0,8,32]

For each number of partitions (0: the table as it is) a database of its own gets the real schema, half of the messages
in one room and the rest in a thousand. It is written as the projector writes, 5,000 rows a transaction, and read with
the API's own statements as the role that asks them. Decision 23 has the results.
"""

import argparse
import hashlib
import json
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from api.sql import messages as sql
from bench.projector_drain import stack
from bench.sockets import percentile
from projector.migrate import migrate
from projector.rows import HEADER, TRAILER
from projector.sql import COPY_MESSAGES, SELECT_APPLIED_MESSAGES

BATCH, ROOMS, ASKED, PAGE = 5_000, 1_000, 2_000, 50
DATABASE = "roomlog_partitions"
READER = str(uuid.UUID(int=7))
Figures = dict[str, float]
# Log order: every second message is of the one large room, the others take turns.
_FILL = f"""
INSERT INTO messages (room_id, "offset", event_id, sender_id, sent_at, text, reply_to)
SELECT CASE WHEN n %% 2 = 0 THEN md5('0')::uuid ELSE md5((1 + n / 2 * 7919 %% {ROOMS})::text)::uuid END, n,
       md5('e' || n)::uuid, md5('s' || n %% 900)::uuid, '2026-01-01'::timestamptz + n * interval '1 s',
       'What is said in a chat is about as long as this sentence here',
       CASE WHEN n %% 7 = 0 THEN md5('e' || n - 2)::uuid END
FROM generate_series(1, %s::bigint) n"""
_ROOMS = f"""
INSERT INTO rooms (id, kind, name, created_by, created_at, partition, created_offset, last_offset, last_event_at)
SELECT md5(n::text)::uuid, 'private', 'room', %s::uuid, now(), 0, 0, 0, now() FROM generate_series(0, {ROOMS}) n"""
_MEMBERS = f"""
INSERT INTO members SELECT md5(n::text)::uuid, %s::uuid, 'member', 0, now() FROM generate_series(0, {ROOMS}) n"""
_INDEXES = """
SELECT CASE WHEN o.oid IS NULL THEN pg_get_indexdef(i.indexrelid)
       ELSE format('ALTER TABLE messages ADD CONSTRAINT %I %s', o.conname, pg_get_constraintdef(o.oid)) END
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_constraint o ON o.conindid = i.indexrelid
WHERE i.indrelid = 'messages'::regclass"""


def main() -> None:
    """Measure, and print what was found, one line a number of partitions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data directory of a running stack")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--parts", default="0,8,32")
    options = parser.parse_args()
    server = stack(options.data)["postgres"]
    rows = None
    for parts in map(int, options.parts.split(",")):
        with database(server) as connection:
            rows = rows or packed(connection, options.messages)
            partition(connection, parts)
            print(json.dumps({"parts": parts, **measured(connection, rows)}), flush=True)


@contextmanager
def database(server: str) -> Iterator[psycopg.Connection]:
    """A migrated database of its own, for as long as it is measured."""
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {DATABASE}")
        own = make_conninfo(server, dbname=DATABASE)
        migrate(own)
        with psycopg.connect(own, autocommit=True) as connection:
            connection.execute("SET synchronous_commit = off")
            connection.execute(_ROOMS.encode(), [READER])
            connection.execute(_MEMBERS.encode(), [READER])
            yield connection
        admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def packed(connection: psycopg.Connection, messages: int) -> list[bytes]:
    """Return the rows of so many messages, packed for COPY, a batch each; `messages` is empty again then."""
    connection.execute(_FILL.encode(), [messages])
    columns = COPY_MESSAGES.partition("(")[2].partition(")")[0]
    query = f'COPY (SELECT {columns} FROM messages ORDER BY "offset") TO STDOUT (FORMAT binary)'
    with connection.cursor().copy(query.encode()) as copy:
        some = [bytes(row).removeprefix(HEADER) for row in copy]
    whole = [row for row in some if row not in (b"", TRAILER)]
    connection.execute("TRUNCATE messages")
    return [b"".join((HEADER, *whole[i : i + BATCH], TRAILER)) for i in range(0, len(whole), BATCH)]


def partition(connection: psycopg.Connection, parts: int) -> None:
    """Put a partitioned table in the place of `messages`, with everything that stands on it."""
    if not parts:
        return
    indexes = [text for (text,) in connection.execute(_INDEXES.encode())]
    policies = connection.execute(
        "SELECT policyname, qual FROM pg_policies WHERE tablename = 'messages'"
    ).fetchall()
    connection.execute("ALTER TABLE messages RENAME TO plain")
    connection.execute(
        "CREATE TABLE messages (LIKE plain INCLUDING DEFAULTS) PARTITION BY HASH (room_id)"
    )
    connection.execute("DROP TABLE plain CASCADE")
    for number in range(parts):
        connection.execute(
            f"CREATE TABLE messages_{number} PARTITION OF messages "
            f"FOR VALUES WITH (MODULUS {parts}, REMAINDER {number})".encode()
        )
    for text in indexes:
        connection.execute(text.encode())
    connection.execute("GRANT SELECT ON messages TO roomlog_api")
    connection.execute("ALTER TABLE messages ENABLE ROW LEVEL SECURITY")
    for name, qual in policies:
        rule = f"CREATE POLICY {name} ON messages FOR SELECT TO roomlog_api USING ({qual})"
        connection.execute(rule.encode())


def measured(connection: psycopg.Connection, rows: list[bytes]) -> Figures:
    """Write, read, and build the indexes anew."""
    found = written(connection, rows)
    connection.execute("VACUUM ANALYZE")
    with connection.transaction():
        connection.execute("SELECT set_config('role', 'roomlog_api', true)")
        connection.execute("SELECT set_config('roomlog.user_id', %s, true)", [READER])
        found |= read(connection, len(rows) * BATCH)
    found |= applied(connection, len(rows) * BATCH)
    return found | reindexed(connection)


def written(connection: psycopg.Connection, rows: list[bytes]) -> Figures:
    """COPY as the projector does; rows a second, and microseconds of PostgreSQL's processor time a row."""
    backend = psutil.Process(connection.info.backend_pid)
    begun, before = time.perf_counter(), sum(backend.cpu_times()[:2])
    for batch in rows:
        with connection.cursor().copy(COPY_MESSAGES.encode()) as copy:
            copy.write(batch)
    seconds, cpu = time.perf_counter() - begun, sum(backend.cpu_times()[:2]) - before
    count = len(rows) * BATCH
    return {"copy_per_s": round(count / seconds), "copy_us": round(cpu / count * 1e6, 2)}


def read(connection: psycopg.Connection, messages: int) -> Figures:
    """Pages anywhere in the large room and in small ones, and the way from an id to its room; milliseconds."""
    chance = random.Random(1)

    def page(room: int) -> None:
        place = chance.randrange(messages // 10, messages)
        asked = {"room_id": room_id(room), "since": -1, "offset": place, "limit": PAGE + 1}
        connection.execute(sql.MESSAGES_BEFORE, asked).fetchall()

    def by_id() -> None:
        event = event_id(chance.randrange(1, messages))
        assert connection.execute(sql.ROOM_OF_MESSAGE, {"event_id": event}).fetchone()

    found = timed(connection, "page_large", lambda: page(0))
    found |= timed(connection, "page_small", lambda: page(chance.randrange(1, ROOMS)))
    found |= timed(connection, "by_id", by_id)
    connection.prepare_threshold = None
    found |= timed(connection, "page_unprepared", lambda: page(0), ASKED // 4)
    connection.prepare_threshold = 5
    return found


def applied(connection: psycopg.Connection, messages: int) -> Figures:
    """What a batch costs that looks for repeated events first; milliseconds."""
    some = [event_id(messages + n) for n in range(BATCH)]
    query = SELECT_APPLIED_MESSAGES.encode()
    return timed(connection, "repeats", lambda: connection.execute(query, [some]), 100)


def reindexed(connection: psycopg.Connection) -> Figures:
    """Build all indexes anew, as a rebuild does; seconds."""
    connection.execute("SET maintenance_work_mem = '128MB'")
    backend = psutil.Process(connection.info.backend_pid)
    begun, before = time.perf_counter(), sum(backend.cpu_times()[:2])
    connection.execute("REINDEX TABLE messages")
    seconds, cpu = time.perf_counter() - begun, sum(backend.cpu_times()[:2]) - before
    size = "SELECT sum(pg_indexes_size(oid))::float8 FROM pg_class WHERE relname ~ '^messages(_[0-9]+)?$'"
    (bytes_,) = connection.execute(size.encode()).fetchone() or (0.0,)
    return {
        "reindex_s": round(seconds, 1),
        "reindex_cpu_s": round(cpu, 1),
        "index_mb": round(bytes_ / 1e6),
    }


def timed(
    connection: psycopg.Connection, name: str, ask: Callable[[], object], times: int = ASKED
) -> Figures:
    """Ask again and again; return median and 99th percentile in milliseconds, and PostgreSQL's processor time in us."""
    for _ in range(10):
        ask()
    took, backend = [], psutil.Process(connection.info.backend_pid)
    before = sum(backend.cpu_times()[:2])
    for _ in range(times):
        begun = time.perf_counter()
        ask()
        took.append((time.perf_counter() - begun) * 1000)
    return {
        f"{name}_p50": round(statistics.median(took), 2),
        f"{name}_p99": round(percentile(took, 0.99), 2),
        f"{name}_us": round((sum(backend.cpu_times()[:2]) - before) / times * 1e6),
    }


def room_id(number: int) -> str:
    """Return the id of a room, as the statements above make it."""
    return str(uuid.UUID(_md5(str(number))))


def event_id(number: int) -> str:
    """Return the id of a message."""
    return str(uuid.UUID(_md5(f"e{number}")))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


if __name__ == "__main__":
    main()
