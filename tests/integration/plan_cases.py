"""The statements that are asked all day, with what they are asked for, and how to look at their plans."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from psycopg import Connection

from api.history import _END
from api.search_walk import MAX_OFFSET
from api.sql import messages as messages_sql
from api.sql import rooms as rooms_sql
from api.sql import search as search_sql
from ingest.queries import LOAD_MESSAGES, LOAD_ROOM
from projector.sql import PROJECTION
from roomlog.readmodels.notifications import COUNT_UNREAD, NOTIFICATIONS, UNREAD_NOTIFICATIONS
from roomlog.readmodels.tables import MARK_EVERY
from roomlog.readmodels.unread import UNREAD

NEVER_READ_WHOLE = ["messages", "message_search", "rooms", "members", "notifications"]


class Asked(NamedTuple):
    """What the statements are asked for: a member, a room of theirs, and a message with answers in its middle.

    `found` are offsets in that room, `words` what is searched for, as in PostgreSQL's tsquery.
    """

    user: str
    room: str
    event: str
    partition: int
    offset: int
    last: int
    at: datetime
    found: list[int]
    words: str


class Case(NamedTuple):
    """A statement, with what it is asked for; the API's unless it is a `service`'s.

    Where `is_planned` it gets a plan for its parameters each time.
    """

    statement: str
    params: Any
    is_service: bool = False
    is_planned: bool = False


def cases(asked: Asked) -> dict[str, Case]:
    """Return every statement by its name."""
    user, room, event, offset = asked.user, asked.room, asked.event, asked.offset
    page = {"room_id": room, "since": -1, "limit": 51}
    mine = {"user_id": user, "rooms": [room], "offsets": [offset]}
    listed = {
        "user_id": user,
        "picked": False,
        "workspace_id": None,
        "archived": False,
        "pattern": None,
        "after_name": None,
        "after_id": None,
        "limit": 51,
    }
    noted = {
        **mine, "paged": False, "at": None, "event": None, "limit": 31, "chars": 100, "most": 1001
    }  # fmt: skip
    searched = {
        "rooms": [room],
        "times": [datetime.now(UTC)],
        "offsets": [MAX_OFFSET],
        "since": datetime(1, 1, 1, tzinfo=UTC),
        "not_senders": [],
        "senders": None,
        "ranked": False,
        "words": asked.words,
    }
    return {
        "history, the newest": Case(messages_sql.MESSAGES_BEFORE, {**page, "offset": _END}),
        "history before": Case(messages_sql.MESSAGES_BEFORE, {**page, "offset": offset}),
        "history after": Case(messages_sql.MESSAGES_AFTER, {**page, "offset": offset}),
        "history at a time": Case(messages_sql.OFFSET_AT, {**page, "at": asked.at}),
        "numbered page": Case(
            messages_sql.MESSAGES_NUMBERED,
            {**page, "mark": MARK_EVERY, "skip": 10, "last": asked.last},
        ),
        "own rooms": Case(rooms_sql.OWN_ROOMS, listed),
        "next page of own rooms": Case(
            rooms_sql.OWN_ROOMS, listed | {"after_name": "room 1", "after_id": room}
        ),
        "visible rooms": Case(rooms_sql.VISIBLE_ROOMS, listed),
        "room": Case(rooms_sql.ROOM, {"room_id": room, "user_id": user}),
        "members": Case(rooms_sql.MEMBERS, {"room_id": room, "after": None, "limit": 201}),
        "unread": Case(UNREAD, {**mine, "most": 1_001}),
        "notifications": Case(NOTIFICATIONS, noted),
        "unread notifications": Case(UNREAD_NOTIFICATIONS, noted),
        "count of notifications": Case(COUNT_UNREAD, noted),
        "newest that match": Case(
            search_sql.SEARCH_NEWEST, searched | {"each": 512}, is_planned=True
        ),
        "all that match": Case(search_sql.SEARCH_INDEX, searched | {"limit": 21}, is_planned=True),
        "messages that were found": Case(
            search_sql.MESSAGES_FOUND, {"rooms": [room] * len(asked.found), "offsets": asked.found}
        ),
        "rooms to search": Case(search_sql.SEARCHED_ROOMS, listed),
        "room of a message": Case(messages_sql.ROOM_OF_MESSAGE, {"event_id": event}),
        "message": Case(messages_sql.ONE_MESSAGE, {**page, "event_id": event}),
        "former texts": Case(messages_sql.TEXTS, {"room_id": room, "event_id": event}),
        "thread": Case(messages_sql.THREAD, {**page, "root": event, "offset": -1}),
        "room load of a node": Case(LOAD_ROOM, {"room": room, "partition": asked.partition}, True),
        "messages for a node": Case(
            LOAD_MESSAGES,
            {"rooms": [room], "events": [event], "partition": asked.partition},
            True,
        ),
        "offsets of a projector": Case(
            PROJECTION.move, (["chat.events"], [0], [50_000], [50_100]), True
        ),
    }


def act_as(connection: Connection[Any], user: str) -> None:
    """Read as the API does for a user, until the end of the transaction."""
    connection.execute("SET LOCAL ROLE roomlog_api")
    connection.execute("SELECT set_config('roomlog.user_id', %s, true)", [user])


def plan_of(connection: Connection[Any], statement: str, params: Any) -> str:
    """Return the plan as PostgreSQL prints it."""
    lines = connection.execute("EXPLAIN " + statement, params)
    return "\n".join(line for (line,) in lines)


def read_whole(connection: Connection[Any]) -> dict[str, int]:
    """Return how often each of the tables was read from end to end in this transaction."""
    query = "SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname = ANY (%s)"
    return dict(connection.execute(query, [NEVER_READ_WHOLE]).fetchall())


def require_indexes(connection: Connection[Any], case: Case, large: list[str]) -> str:
    """Check that a statement reads no large table from end to end; return its plan.

    It is carried out as the code does, again and again: from some time on with a plan that fits all
    parameters. What functions of the policies read is counted with it, which no plan shows.
    """
    plan = "\n" + plan_of(connection, case.statement, case.params)
    assert not [table for table in large if f"Seq Scan on {table} " in plan], plan
    before = read_whole(connection)
    for _ in range(8):
        found = connection.execute(case.statement, case.params, prepare=not case.is_planned)
    assert found.rowcount > 0 or case.is_service, "it has nothing to find, and shows nothing"
    after = read_whole(connection)
    assert [t for t in large if after.get(t) != before.get(t)] == [], plan
    return plan
