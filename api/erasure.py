"""Accounts that end: at once in PostgreSQL, and then in the log, room by room, however often it takes.

One transaction takes the person out of the account, ends every session, puts UserDeleted into the outbox and notes
what is still to be done. What they were a member of is left over the one write path, and what compaction keeps of
them in topic chat.reads is replaced by nothing. The note goes when none of it is left, and so much time has passed
that no node decides by what it knew before. Whoever dies when, somebody goes on; all of it twice changes nothing.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg

from api.ingest import IngestNodes
from api.kafka import KafkaAway, UserEvents
from api.limits import BY_ACCOUNT
from api.postgres import Postgres, Row, reader
from api.problems import Problem
from api.projected import look_again
from api.sql import accounts as sql
from roomlog.errors import ErrorCode
from roomlog.ids import derived_id, new_id

if TYPE_CHECKING:
    from api.services import Services

SETTLED = timedelta(seconds=20)
_LIMIT = 50
_AT_ONCE = 20
_NAMED = 5
_POLL_S = 5.0
_ANSWER_S = 5.0
_log = logging.getLogger(__name__)


async def erase(use: "Services", user: str, password: str) -> None:
    """End an account; raises Problem where the password is wrong (403), or others need its owner (409).

    Returns once its rooms are left too, or after some seconds; then it goes on by itself.
    """
    await _require_password(use, user, password)
    await _require_no_last_owner(use, user)
    me = {"user_id": user}
    async with use.postgres.transaction() as connection:
        await connection.execute(sql.FORGET_ADDRESS, me)
        if await (await connection.execute(sql.CLOSE_ACCOUNT, me)).fetchone() is None:
            raise no_such_account()
        ended = await use.sessions.forget(connection, user)
        await connection.execute(sql.FORGET_SUBSCRIPTIONS, me)
        await connection.execute(sql.FORGET_MAILS, me)
        await connection.execute(sql.ADD_ERASURE, me)
        fact = {"event_id": new_id(), "user_id": user, "type": "UserDeleted", "name": ""}
        await connection.execute(sql.ADD_OUTBOX, fact)
        await connection.execute(sql.NOTIFY_OUTBOX)
    await use.sessions.ended(ended)
    await use.valkey.forget(user)
    try:
        async with asyncio.timeout(_ANSWER_S):
            await leave_everything(use.postgres, use.nodes, user)
    except (Problem, TimeoutError) as error:
        _log.info("what %s was in is left later: %s", user, error)


async def relay(postgres: Postgres, nodes: IngestNodes, events: UserEvents) -> None:
    """Go on with accounts that have ended, for ever."""
    while True:
        try:
            async with postgres.transaction() as connection:
                locked = await (await connection.execute(sql.LOCK_ERASURES)).fetchone()
                if locked and locked["pg_try_advisory_xact_lock"]:
                    params = {"settled": SETTLED, "limit": _LIMIT}
                    rows = await (await connection.execute(sql.ERASURES, params)).fetchall()
                    await asyncio.gather(*(_go_on(postgres, nodes, events, row) for row in rows))
        except (Problem, psycopg.Error) as error:
            _log.warning("erasures wait: %s: %s", type(error).__name__, error)
        await asyncio.sleep(_POLL_S)


async def _go_on(postgres: Postgres, nodes: IngestNodes, events: UserEvents, row: Row) -> None:
    user = row["user_id"]
    reader.set(user)  # of this task alone
    try:
        if row["read_keys"]:
            await events.forget_reads(row["read_keys"])
            await postgres.run(sql.ERASED_KEYS, {"user_id": user})
        left = await leave_everything(postgres, nodes, user)
        if not left and row["is_settled"]:
            await postgres.run(sql.FORGET_PRESENCE, {"user_id": user})
            await postgres.run(sql.END_ERASURE, {"user_id": user})
    except (Problem, KafkaAway) as error:  # of one person; the others go on
        _log.warning("something of %s is still to be erased: %s", user, error)


async def leave_everything(postgres: Postgres, nodes: IngestNodes, user: str) -> int:
    """Leave every room and workspace in a user's name; return how many. Raises Problem, after all were tried.

    `at` says that it has happened already: who is gone cannot stay, whatever a room would say to a member.
    """
    rooms = [row["id"] for row in await postgres.all(sql.OWN_MEMBERSHIPS, {"user_id": user})]
    now = datetime.now(UTC).isoformat()
    key, turn = derived_id("erasure", user, now), asyncio.Semaphore(_AT_ONCE)

    async def leave(room: str) -> None:
        async with turn:
            await nodes.command(user, {"op": "leave", "room": room, "key": key, "at": now})

    done = await asyncio.gather(*map(leave, rooms), return_exceptions=True)
    for failed in done:
        if isinstance(failed, BaseException):
            raise failed
    return len(rooms)


async def _require_password(use: "Services", user: str, password: str) -> None:
    await use.limits.count(BY_ACCOUNT, user)
    row = await use.postgres.one(sql.PASSWORD, {"id": user})
    if row is None:
        raise no_such_account()
    if not await use.passwords.matches(row["password_hash"], password):
        raise Problem(ErrorCode.WRONG_PASSWORD, "password: it is not that of this account")
    await use.limits.uncount(BY_ACCOUNT, user)


async def _require_no_last_owner(use: "Services", user: str) -> None:
    wanted = {"user_id": user, "limit": _NAMED + 1}
    rows = await look_again(
        use.postgres, lambda: use.postgres.all(sql.LAST_OWNED, wanted), lambda owned: not owned
    )
    if not rows:
        return
    named = ", ".join(f"{row['name']!r}" for row in rows[:_NAMED])
    more = " and others" if len(rows) > _NAMED else ""
    told = f"others are in {named}{more}, of which only you are an owner; make one of them an owner first"
    raise Problem(ErrorCode.STILL_OWNER, told)


def no_such_account() -> Problem:
    """Return the problem that the account of a token is not there."""
    return Problem(ErrorCode.UNAUTHENTICATED, "there is no such account (any more)")
