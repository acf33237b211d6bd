"""Messages that are to be sent later: facts of their author in topic user.events, and the worker that sends them.

The log decides what a change or a cancellation came to: each is stored, waited for, and then looked at. The worker
begins with a fact as well, behind which the message stays as it is; so it is sent under one key with one body, by
however many workers, however often they die.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg

from api.ingest import IngestNodes
from api.kafka import KafkaAway, UserEvents
from api.postgres import Postgres, Row, reader
from api.problems import Problem, unavailable
from api.projected import wait_until
from api.sql import scheduled as scheduled_sql
from api.sql import servers as servers_sql
from roomlog.accounts import UserEvent
from roomlog.cursors import Cursor
from roomlog.errors import RETRYABLE
from roomlog.ids import derived_id, new_id
from roomlog.schedules import (
    ScheduleBody,
    ScheduledMessageRefused,
    ScheduledMessageSent,
    SendingStarted,
    send_key,
)
from roomlog.times import micros

_AT_ONCE = 50
_POLL_S = 1.0
_log = logging.getLogger(__name__)


class Schedules:
    """Reads and changes what people have scheduled."""

    def __init__(self, postgres: Postgres, events: UserEvents, epoch: int) -> None:
        self._postgres, self._events, self._epoch = postgres, events, epoch

    async def listed(self, user: str, room: str | None) -> list[Row]:
        """Return a person's messages that wait, are being sent or could not be sent."""
        return await self._postgres.all(scheduled_sql.SCHEDULED, {"user_id": user, "room_id": room})

    async def one(self, user: str, schedule: str) -> Row | None:
        """Return one message of a person, whatever became of it."""
        return await self._postgres.one(
            scheduled_sql.ONE_SCHEDULED, {"user_id": user, "id": schedule}
        )

    async def waiting(self, user: str) -> int:
        """Return how many messages of a person wait."""
        row = await self._postgres.one(scheduled_sql.COUNT_WAITING, {"user_id": user})
        return row["count"] if row else 0

    async def tell(self, user: str, body: ScheduleBody, event_id: str = "") -> Row:
        """Store a fact and return what the schedule came to; raises Problem (503, 504)."""
        now = datetime.now(UTC)
        event = UserEvent(event_id or new_id(), user, micros(now), body)
        try:
            (stored,) = await self._events.publish([event])
        except KafkaAway:
            raise unavailable("the log") from None
        cursor = Cursor(self._epoch, stored.offset)
        await wait_until(self._postgres, stored.partition, cursor, servers_sql.USERS_PROJECTED)
        row = await self.one(user, body.schedule_id)
        if row is None:
            raise unavailable("the schedule")
        return row

    async def relay(self, nodes: IngestNodes) -> None:
        """Send what is due, for ever. Of several processes one does it at a time, which spares work, no more."""
        while True:
            try:
                # Hardly ever: one question a second, and no transaction.
                if await self._postgres.all(scheduled_sql.DUE, {"limit": 1}):
                    await self._send_due(nodes)
            except (Problem, psycopg.Error) as error:
                _log.warning("scheduled messages wait: %s: %s", type(error).__name__, error)
            await asyncio.sleep(_POLL_S)

    async def _send_due(self, nodes: IngestNodes) -> None:
        async with self._postgres.transaction() as connection:
            locked = await (await connection.execute(scheduled_sql.LOCK_SCHEDULES)).fetchone()
            if locked and locked["pg_try_advisory_xact_lock"]:
                found = await connection.execute(scheduled_sql.DUE, {"limit": _AT_ONCE})
                await self.send(nodes, await found.fetchall())

    async def send(self, nodes: IngestNodes, due: Sequence[Row]) -> None:
        """Send messages whose time has come (rows of `due_messages`)."""
        await asyncio.gather(*(self._try(nodes, row) for row in due))

    async def _try(self, nodes: IngestNodes, row: Row) -> None:
        reader.set(row["user_id"])  # of this task alone
        try:
            await self._send(nodes, row)
        except Problem as problem:  # of one message; the others go on
            _log.warning("scheduled message %s waits: %s", row["id"], problem.detail)

    async def _send(self, nodes: IngestNodes, row: Row) -> None:
        user, schedule = row["user_id"], row["id"]
        if row["state"] == "waiting":
            started = derived_id("sending started", schedule)
            row |= await self.tell(user, SendingStarted(schedule), started)
        if row["state"] != "sending":
            return
        if not row["is_sent"]:
            try:
                await nodes.command(user, _command(row))
            except Problem as problem:
                if problem.code in RETRYABLE:
                    raise
                await self.tell(user, ScheduledMessageRefused(schedule, problem.detail))
                return
        sent = derived_id("scheduled message sent", schedule)
        await self.tell(user, ScheduledMessageSent(schedule), sent)


def _command(row: Row) -> dict[str, object]:
    command: dict[str, object] = {
        "op": "send",
        "room": row["room_id"],
        "key": send_key(row["id"]),
        "text": row["text"],
        "mentions": row["mentions"],
    }
    if row["files"]:
        command["attachments"] = [{"file_id": file} for file in row["files"]]
    return command if row["reply_to"] is None else {**command, "reply_to": row["reply_to"]}
