"""The statements that are asked all day never read a large table from end to end.

They are carried out as the code has them, as the role that asks them: row-level security is a part of what is planned.
Once in a database of their own, with as many rooms as a large server has; once on real chat, which is imported through
the nodes into the read models: some of it, or with ROOMLOG_TEST_CORPUS=whole (`make proofs`) all, with a table.
"""

import hashlib
import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.rows import tuple_row
from rich.console import Console
from rich.table import Table

from api.search_walk import MAX_OFFSET
from api.sql import search as sql
from projector.migrate import migrate
from projector.sql import MERGE_WORDS
from roomlog.bridge.script import Bridge
from roomlog.partitions import partition_of
from roomlog.readmodels.tables import MARK_EVERY
from tests.acceptance.queries import check_import, expectation
from tests.acceptance.test_import_irc import ROOMS as IMPORTED
from tests.cli import roomlog_json
from tests.indexing import indexed
from tests.integration.plan_cases import (
    NEVER_READ_WHOLE,
    Asked,
    Case,
    act_as,
    cases,
    plan_of,
    require_indexes,
)

ROOMS, PEOPLE, ROOM_SIZE = 60_000, 900, 2_000
FILL = f"""
INSERT INTO projection_offsets SELECT 'chat.events', n, 50000 FROM generate_series(0, 63) n;
INSERT INTO accounts (id, name) SELECT md5(n::text)::uuid, 'person ' || n FROM generate_series(0, {PEOPLE - 1}) n;
INSERT INTO rooms (id, kind, name, created_by, created_at, partition, created_offset, last_offset, last_event_at)
SELECT md5(n::text)::uuid, (ARRAY['public', 'private', 'private', 'private'])[1 + n % 4], 'room ' || n,
       md5((n % {PEOPLE})::text)::uuid, now(), n % 64, 0, 40000, now()
FROM generate_series(0, {ROOMS - 1}) n;
INSERT INTO members SELECT md5(n::text)::uuid, md5(((n * 13 + k * 37) % {PEOPLE})::text)::uuid, 'member', 0, now()
FROM generate_series(0, {ROOMS - 1}) n, generate_series(0, 1) k;
INSERT INTO messages (room_id, "offset", event_id, sender_id, sent_at, text, reply_to)
SELECT md5((n % 20)::text)::uuid, n, md5('e' || n)::uuid, md5((n % {PEOPLE})::text)::uuid,
       now() - (40000 - n) * interval '1 minute', 'something that somebody said ' || n,
       CASE WHEN n % 7 = 0 THEN md5('e' || n - 20)::uuid END
FROM generate_series(1, 40000) n;
INSERT INTO messages (room_id, "offset", event_id, sender_id, sent_at, text)
SELECT md5(n::text)::uuid, k, md5('f' || n || ':' || k)::uuid, md5((n % {PEOPLE})::text)::uuid, now(), 'hello'
FROM generate_series(20, 20000) n, generate_series(1, 2) k;
INSERT INTO message_marks
SELECT md5(room::text)::uuid, k, k * 20 + room FROM generate_series(0, 19) room,
       generate_series({MARK_EVERY}, {ROOM_SIZE}, {MARK_EVERY}) k;
INSERT INTO message_texts SELECT room_id, event_id, "offset", sender_id, sent_at, text FROM messages
WHERE "offset" % 10 = 0;
INSERT INTO notifications
SELECT md5(("offset" % {PEOPLE})::text)::uuid, event_id, room_id, "offset", 'mention', sender_id, sent_at
FROM messages WHERE "offset" > 2;
INSERT INTO read_markers SELECT user_id, room_id, 1, now() FROM members;
INSERT INTO message_search
SELECT md5((n % 20)::text)::uuid, now() - n * interval '1 minute', n, md5((n % {PEOPLE})::text)::uuid,
       array_to_tsvector(ARRAY['common', 'word' || n % 5000, 'half' || n % 2])
FROM generate_series(1, 40000) n;
{MERGE_WORDS};
ANALYZE;
"""


def md5(text: object) -> str:
    return str(uuid.UUID(hashlib.md5(str(text).encode(), usedforsecurity=False).hexdigest()))


ASKED = Asked(
    user=md5(0),
    room=md5(0),
    event=md5("e20000"),
    partition=0,
    offset=20_000,
    last=40_000,
    at=datetime(2026, 1, 1, tzinfo=UTC),
    found=list(range(20, 420, 20)),
    words="'word20'",
)
CASES = cases(ASKED)


@pytest.fixture(scope="module")
def database(stack):
    """A connection to a database with a busy server's rows, each test in a transaction that is taken back."""
    dsn, name = stack.status()["postgres"], "plans"
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            own = make_conninfo(dsn, dbname=name)
            migrate(own)
            with psycopg.connect(own, row_factory=tuple_row) as connection:
                connection.execute("SET synchronous_commit = off")
                connection.execute(FILL)
                connection.commit()
                yield connection
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def connection(database):
    yield database
    database.rollback()


@pytest.mark.parametrize("name", CASES)
def test_it_stays_on_indexes(connection, name) -> None:
    case = CASES[name]
    if not case.is_service:
        act_as(connection, ASKED.user)
    require_indexes(connection, case, NEVER_READ_WHOLE)


@pytest.mark.parametrize("rooms", [1, 20])
def test_every_statement_of_a_search_stays_on_an_index(connection, rooms) -> None:
    act_as(connection, ASKED.user)
    asked = {
        "rooms": [md5(n) for n in range(rooms)],
        "times": [datetime.now(UTC)] * rooms,
        "offsets": [MAX_OFFSET] * rooms,
        "since": datetime(1, 1, 1, tzinfo=UTC),
        "not_senders": [],
        "ranked": False,
    }
    for words in ("'common'", "'word7'", "'wor':*", "!'word7'", None):
        params = {**asked, "words": words, "senders": None if words else [md5(5)], "each": 100}
        plan = plan_of(connection, sql.SEARCH_NEWEST, params)
        assert "Index Scan Backward using message_search_pkey" in plan, plan
    for words in ("'word7'", "'common' & 'word7'", "'common' <-> 'word7'", None):
        params = {**asked, "words": words, "senders": None if words else [md5(5)], "limit": 21}
        plan = plan_of(connection, sql.SEARCH_INDEX, params)
        assert "Bitmap Index Scan on message_search_words" in plan, plan


# Real chat.

MOST_ASKED = [
    "history, the newest",
    "history before",
    "history after",
    "history at a time",
    "own rooms",
    "room",
    "members",
    "unread",
    "message",
    "thread",
    "newest that match",
    "all that match",
    "messages that were found",
]
"""What the page asks all day: rooms, pages of them, threads, what is unread, searches (three statements)."""
IS_WHOLE = os.environ.get("ROOMLOG_TEST_CORPUS") == "whole"
LARGE_PAGES = 64
"""A table of fewer pages than these is read from end to end sooner than by an index, and rightly so."""
SUBJECT = """
WITH room AS (
    SELECT room_id AS id FROM messages WHERE room_id = ANY (%(rooms)s::uuid[])
    GROUP BY room_id ORDER BY count(*) DESC LIMIT 1)
SELECT (SELECT m.user_id::text FROM members m WHERE m.room_id = room.id ORDER BY (
            SELECT count(*) FROM members o WHERE o.user_id = m.user_id) DESC LIMIT 1),
       room.id::text, root.event_id::text, root."offset", r.last_offset, root.sent_at,
       ARRAY(SELECT "offset" FROM messages WHERE room_id = room.id AND text IS NOT NULL
             ORDER BY "offset" DESC LIMIT 20),
       (SELECT word FROM message_search s, unnest(tsvector_to_array(s.words)) word
        WHERE s.room_id = room.id GROUP BY word ORDER BY count(*) DESC OFFSET 50 LIMIT 1)
FROM room JOIN rooms r ON r.id = room.id CROSS JOIN LATERAL (
    SELECT m.event_id, m."offset", m.sent_at FROM messages m JOIN messages a
        ON a.room_id = m.room_id AND a.reply_to = m.event_id
    WHERE m.room_id = room.id GROUP BY m.event_id, m."offset", m.sent_at ORDER BY count(*) DESC LIMIT 1) root
"""


@pytest.fixture(scope="module")
async def real(stack, irc) -> Asked:
    """Real chat in the read models and in the search index, and what to ask of it."""
    some = [irc / f"{name}.jsonl.gz" for name in IMPORTED[-2:]]
    files = sorted(irc.glob("*.jsonl.gz")) if IS_WHOLE else some
    made = roomlog_json("import", "--data", stack.data, *files, timeout_s=1_200)
    assert made["refused"] == 0
    at, expected = stack.settings, expectation(files, Bridge("import"))
    found = await check_import(files, Bridge("import"), at.kafka, at.postgres, at.registry)
    assert not found.problems
    await indexed(stack)
    with psycopg.connect(stack.status()["postgres"], autocommit=True) as connection:
        connection.execute("ANALYZE messages, message_search, rooms, members, notifications")
        rows = connection.execute(SUBJECT, {"rooms": list(expected)})
        user, room, event, offset, last, sent_at, offsets, word = rows.fetchone()
    words = "'" + word.replace("'", "''") + "'"
    return Asked(user, room, event, partition_of(room), offset, last, sent_at, offsets, words)


def test_on_real_chat_what_is_asked_most_stays_on_indexes(stack, real, capsys) -> None:
    """Where all of the chat is there as PostgreSQL chooses, and with a table of what each reads."""
    every = cases(real)
    with psycopg.connect(stack.status()["postgres"], row_factory=tuple_row) as connection:
        query = "SELECT relname FROM pg_class WHERE relname = ANY (%s) AND relpages >= %s"
        large = [name for (name,) in connection.execute(query, [NEVER_READ_WHOLE, LARGE_PAGES])]
        assert "messages" in large
        shown = Table("statement", "rows", "ms", "pages", "by", box=None)
        for name in MOST_ASKED:
            act_as(connection, real.user)
            if (
                not IS_WHOLE
            ):  # few rows are rightly read whole: here it only has to be possible without
                connection.execute("SET LOCAL enable_seqscan = off")
            require_indexes(connection, every[name], large)
            shown.add_row(name, *measured(connection, every[name]))
            connection.rollback()
        (count,) = connection.execute("SELECT count(*) FROM messages").fetchone()
    if IS_WHOLE:
        with capsys.disabled():
            print(f"\n{count:,} messages; read whole: only tables below {LARGE_PAGES} pages")
            Console(width=180).print(shown)


def measured(connection, case: Case) -> list[str]:
    """Return rows, milliseconds and pages that a statement takes once it is warm, and the indexes it uses."""
    explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + case.statement
    (((found,),),) = connection.execute(explain, case.params).fetchall()
    plan, nodes = found["Plan"], list(nodes_of(found["Plan"]))
    indexes = dict.fromkeys(node["Index Name"] for node in nodes if "Index Name" in node)
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    rows, took = plan["Actual Rows"], found["Execution Time"]
    return [f"{rows:,.0f}", f"{took:.2f}", f"{pages:,}", ", ".join(indexes)]


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every node of a plan."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes_of(below)
