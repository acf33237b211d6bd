"""The statements that are asked all day never read a large table from end to end.

They are carried out as the code has them, in a database of their own with the real schema, as the role that asks
them: row-level security is a part of what is planned.
"""

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.rows import tuple_row

from api import sql
from api.history import _END
from api.search_walk import MAX_OFFSET
from ingest.queries import LOAD_MESSAGES, LOAD_ROOM
from projector.migrate import migrate
from projector.sql import PROJECTION
from roomlog.readmodels.notifications import COUNT_UNREAD, NOTIFICATIONS, UNREAD_NOTIFICATIONS
from roomlog.readmodels.tables import MARK_EVERY
from roomlog.readmodels.unread import UNREAD

NEVER_READ_WHOLE = ["messages", "message_search", "rooms", "members", "notifications"]
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
ANALYZE;
"""


def md5(text: object) -> str:
    return str(uuid.UUID(hashlib.md5(str(text).encode(), usedforsecurity=False).hexdigest()))


ME, ROOM, EVENT = md5(0), md5(0), md5("e20000")
PAGE = {"room_id": ROOM, "since": -1, "limit": 51}
MINE = {"user_id": ME, "rooms": [ROOM], "offsets": [30_000]}
LISTED = {
    "user_id": ME,
    "picked": False,
    "workspace_id": None,
    "archived": False,
    "pattern": None,
    "after_name": None,
    "after_id": None,
    "limit": 51,
}
NOTED = {**MINE, "paged": False, "at": None, "event": None, "limit": 31, "chars": 100, "most": 1001}
AGAIN = {"mark": MARK_EVERY, "skip": 10, "last": 40_000}


class Case(NamedTuple):
    """A statement, with what it is asked for; the API's unless it is a `service`'s."""

    statement: str
    params: Any
    is_service: bool = False


CASES = {
    "history, the newest": Case(sql.MESSAGES_BEFORE, {**PAGE, "offset": _END}),
    "history before": Case(sql.MESSAGES_BEFORE, {**PAGE, "offset": 20_000}),
    "history after": Case(sql.MESSAGES_AFTER, {**PAGE, "offset": 20_000}),
    "history at a time": Case(sql.OFFSET_AT, {**PAGE, "at": datetime(2026, 1, 1, tzinfo=UTC)}),
    "numbered page": Case(sql.MESSAGES_NUMBERED, {**PAGE, **AGAIN}),
    "own rooms": Case(sql.OWN_ROOMS, LISTED),
    "next page of own rooms": Case(
        sql.OWN_ROOMS, LISTED | {"after_name": "room 1", "after_id": ROOM}
    ),
    "visible rooms": Case(sql.VISIBLE_ROOMS, LISTED),
    "room": Case(sql.ROOM, {"room_id": ROOM, "user_id": ME}),
    "members": Case(sql.MEMBERS, {"room_id": ROOM, "after": None, "limit": 201}),
    "unread": Case(UNREAD, {**MINE, "most": 1_001}),
    "notifications": Case(NOTIFICATIONS, NOTED),
    "unread notifications": Case(UNREAD_NOTIFICATIONS, NOTED),
    "count of notifications": Case(COUNT_UNREAD, NOTED),
    "messages that were found": Case(
        sql.MESSAGES_FOUND, {"rooms": [ROOM] * 20, "offsets": list(range(20, 420, 20))}
    ),
    "rooms to search": Case(sql.SEARCHED_ROOMS, LISTED),
    "room of a message": Case(sql.ROOM_OF_MESSAGE, {"event_id": EVENT}),
    "message": Case(sql.ONE_MESSAGE, {**PAGE, "event_id": EVENT}),
    "former texts": Case(sql.TEXTS, {"room_id": ROOM, "event_id": EVENT}),
    "thread": Case(sql.THREAD, {**PAGE, "root": EVENT, "offset": -1}),
    "room load of a node": Case(LOAD_ROOM, {"room": ROOM, "partition": 0}, True),
    "messages for a node": Case(
        LOAD_MESSAGES, {"rooms": [ROOM], "events": [EVENT], "partition": 0}, True
    ),
    "offsets of a projector": Case(
        PROJECTION.move, (["chat.events"], [0], [50_000], [50_100]), True
    ),
}


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


def act_as(connection, user: str) -> None:
    connection.execute("SET LOCAL ROLE roomlog_api")
    connection.execute("SELECT set_config('roomlog.user_id', %s, true)", [user])


@pytest.mark.parametrize("name", CASES)
def test_it_stays_on_indexes(connection, name) -> None:
    """As the code asks again and again: from some time on with a plan that fits all parameters.

    What functions of the policies read is counted with it, which no plan shows.
    """
    case = CASES[name]
    if not case.is_service:
        act_as(connection, ME)
    plan = plan_of(connection, case.statement, case.params)
    assert not [table for table in NEVER_READ_WHOLE if f"Seq Scan on {table} " in plan], plan
    before = read_whole(connection)
    for _ in range(8):
        found = connection.execute(case.statement, case.params, prepare=True)
    assert found.rowcount > 0 or case.is_service, "it has nothing to find, and shows nothing"
    assert read_whole(connection) == before, plan


def read_whole(connection) -> dict[str, int]:
    """Return how often each of the tables was read from end to end in this transaction."""
    query = "SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname = ANY (%s)"
    return dict(connection.execute(query, [NEVER_READ_WHOLE]).fetchall())


def plan_of(connection, statement: str, params: Any) -> str:
    return "\n".join(line for (line,) in connection.execute("EXPLAIN " + statement, params))


@pytest.mark.parametrize("rooms", [1, 20])
def test_every_statement_of_a_search_stays_on_an_index(connection, rooms) -> None:
    act_as(connection, ME)
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
