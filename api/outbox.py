"""The outbox relay: account facts from PostgreSQL to Kafka, in order, at least once.

A row is deleted in the transaction that locked it, after Kafka stored its fact: whoever dies when, a fact
is published again rather than lost, and readers know it by its event id.
"""

import asyncio
import logging
from datetime import datetime

import psycopg
from psycopg import AsyncConnection

from api.kafka import KafkaAway, UserEvents
from api.postgres import Postgres, Row
from api.sql import accounts as sql
from api.valkey import Valkey
from roomlog.accounts import USER_TYPES, UserDeleted, UserEvent
from roomlog.metrics import OUTBOX_PUBLISHED
from roomlog.postgres import heard
from roomlog.times import micros

_BATCH = 500
_POLL_S = 2.0
_RETRY_S = 1.0
_log = logging.getLogger(__name__)


def fact(row: Row) -> UserEvent:
    """Return the fact that a row of the outbox tells."""
    created: datetime = row["created_at"]
    kind = USER_TYPES[row["type"]]
    body = kind() if kind is UserDeleted else kind(name=row["name"])
    return UserEvent(row["event_id"], row["user_id"], micros(created), body)  # type: ignore[arg-type]


async def relay(postgres: Postgres, events: UserEvents, valkey: Valkey) -> None:
    """Publish what is in the outbox, for ever, and have nodes look at it.

    Wakes by NOTIFY, and by itself where one was missed.
    """
    while True:
        try:
            connection = await postgres.own_connection()
            async with connection:
                await connection.execute(sql.LISTEN_OUTBOX)
                await _relay_over(connection, events, valkey)
        except (psycopg.Error, KafkaAway, OSError) as error:
            _log.warning("the outbox waits: %s: %s", type(error).__name__, error)
            await asyncio.sleep(_RETRY_S)


async def _relay_over(connection: AsyncConnection[Row], events: UserEvents, valkey: Valkey) -> None:
    while True:
        while published := await publish_batch(connection, events):
            await valkey.announce_people()
            if published < _BATCH:
                break
        await heard(connection, _POLL_S)


async def publish_batch(connection: AsyncConnection[Row], events: UserEvents) -> int:
    """Publish the oldest rows and delete them; return how many. Raises KafkaAway, psycopg.Error."""
    async with connection.transaction():
        locked = await (await connection.execute(sql.LOCK_OUTBOX)).fetchone()
        if not locked or not locked["pg_try_advisory_xact_lock"]:
            return 0
        rows = await (await connection.execute(sql.TAKE_OUTBOX, {"limit": _BATCH})).fetchall()
        if rows:
            await events.publish([fact(row) for row in rows])
            await connection.execute(sql.DELETE_OUTBOX, {"ids": [row["id"] for row in rows]})
    OUTBOX_PUBLISHED.inc(len(rows))
    return len(rows)
