"""Connections to PostgreSQL: as whom they read, what they may take, and how one is given up."""

import os
import socket
import time
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.rows import DictRow
from psycopg.types.string import TextLoader
from psycopg_pool import AsyncConnectionPool

from api.sql import servers as sql

Row = DictRow
OPTIONS = (
    "-c role=roomlog_api -c TimeZone=UTC -c statement_timeout=5000"
    " -c idle_in_transaction_session_timeout=15000"
)
"""What a session of one's own begins with. PgBouncer refuses it, or leaves it out."""
_CHECK_EVERY_S = 1.0
_NEVER = float("-inf")

reader: ContextVar[str] = ContextVar("reader", default="")
"""For whom the current request reads: row-level security shows what they may see, for "" nothing."""


class SharedSession(psycopg.OperationalError):
    """Others may get the same session of PostgreSQL: what is set there for one user would hold for another."""

    def __init__(self) -> None:
        super().__init__("a pooler is in between: name it in ROOMLOG_POSTGRES_POOLER, not here")


class Connection(AsyncConnection[Row]):
    """A connection of a pool; `checked_at` (monotonic seconds) is when it was last seen to work."""

    _checked_at = _NEVER
    _reader: str | None = ""

    async def read(
        self, query: LiteralString, params: Any, prepare: bool | None
    ) -> AsyncCursor[Row]:
        """Carry out a statement for the reader, in a session of one's own."""
        await self.read_as_reader()
        return await self.execute(query, params, prepare=prepare)

    async def read_at_once(
        self, query: LiteralString, params: Any, prepare: bool | None
    ) -> AsyncCursor[Row]:
        """Carry out a statement for the reader in one transaction with what it needs, whatever session that gets."""
        async with self.pipeline():  # what goes there together is one, without a BEGIN
            await self.set_for_transaction()
            return await self.execute(query, params, prepare=prepare)

    async def read_as_reader(self) -> None:
        """Read for the reader from now on."""
        user = reader.get()
        if user != self._reader:
            self._reader = None  # not known, should the next line fail
            await self.execute(sql.SET_READER, [user])
            self._reader = user

    async def set_for_transaction(self) -> None:
        """Set, until the transaction ends, all that OPTIONS and the reader would."""
        await self.execute(sql.AS_READER, [reader.get()])

    async def check(self) -> None:
        """Raise psycopg.OperationalError where it does not work (any more)."""
        # Asking at each checkout would be a second round trip for every read.
        now = time.monotonic()
        if now - self._checked_at > _CHECK_EVERY_S:
            await AsyncConnectionPool.check_connection(self)
            self._checked_at = now

    def give_up(self) -> None:
        """End it from this side: whoever waits for an answer learns at once that none will come.

        To cancel would not do: that waits for the server, which may be frozen.
        """
        self._checked_at = _NEVER
        with suppress(OSError, psycopg.Error):
            own = socket.socket(fileno=os.dup(self.pgconn.socket))
            with own:
                own.shutdown(socket.SHUT_RDWR)


class _UtcLoader(Loader):
    """Reads times in UTC, whatever zone the session has them in."""

    def load(self, data: Buffer) -> datetime:
        return datetime.fromisoformat(bytes(data).decode()).astimezone(UTC)


def adapt(connection: AsyncConnection[Any], *, prepares: bool = True) -> None:
    """Let a connection give ids as texts, times in UTC, and perhaps prepare what it is asked again."""
    connection.adapters.register_loader("uuid", TextLoader)
    connection.adapters.register_loader("timestamptz", _UtcLoader)
    connection.prepare_threshold = 2 if prepares else None


async def require_own_session(connection: AsyncConnection[Row]) -> None:
    """Raise SharedSession where a pooler is in between."""
    cursor = await connection.execute(
        sql.IS_OWN_SESSION, [connection.info.backend_pid], prepare=False
    )
    found = await cursor.fetchone()
    if found is None or not found["is_own"]:
        raise SharedSession
