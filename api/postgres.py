"""PostgreSQL: a pool of connections that survives the server's restarts; what is away is a Problem (503)."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg.types.string import TextLoader
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from api.problems import Problem, unavailable
from roomlog.errors import ErrorCode

Row = DictRow
Params = Mapping[str, Any]
_CHECKOUT_TIMEOUT_S = 2.0
_CHECK_EVERY_S = 1.0
_OPTIONS = (
    "-c role=roomlog_api -c TimeZone=UTC -c statement_timeout=5000"
    " -c idle_in_transaction_session_timeout=15000"
)
_SET_READER = "SELECT set_config('roomlog.user_id', %s, false)"
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed)


class TooSlow(Problem):
    """A statement took longer than a request may."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.UNAVAILABLE, "this took too long; try again", retry_after_s=1)


reader: ContextVar[str] = ContextVar("reader", default="")
"""For whom the current request reads: row-level security shows what they may see, for "" nothing."""


class _Connection(AsyncConnection[Row]):
    """A connection of the pool; `checked_at` (monotonic seconds) is when it was last seen to work."""

    checked_at = float("-inf")
    _reader: str | None = ""

    async def read_as(self, user: str) -> None:
        """Read for a user from now on."""
        if user != self._reader:
            self._reader = None  # not known, should the next line fail
            await self.execute(_SET_READER, [user])
            self._reader = user


class Postgres:
    """Reads and short transactions. Rows are dicts; ids are texts."""

    def __init__(self, dsn: str, size: int) -> None:
        self._pool: AsyncConnectionPool[_Connection] = AsyncConnectionPool(
            dsn,
            connection_class=_Connection,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "connect_timeout": 2,
                "options": _OPTIONS,
                "application_name": "roomlog-api",
            },
            min_size=1,
            max_size=size,
            max_waiting=500,
            timeout=_CHECKOUT_TIMEOUT_S,
            configure=_configure,
            check=_check,
            reconnect_timeout=2,
            reconnect_failed=_connect_again,
            open=False,
        )
        self._dsn = dsn

    async def open(self) -> None:
        """Start the pool; it connects, and connects again, in the background."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Disconnect."""
        await self._pool.close(timeout=2)

    async def all(self, query: LiteralString, params: Params | None = None) -> list[Row]:
        """Return every row of a statement."""
        async with self.connection() as connection:
            return await (await connection.execute(query, params)).fetchall()

    async def one(self, query: LiteralString, params: Params | None = None) -> Row | None:
        """Return the first row of a statement, if any."""
        async with self.connection() as connection:
            return await (await connection.execute(query, params)).fetchone()

    async def planned(self, query: LiteralString, params: Params) -> list[Row]:
        """Return every row of a statement whose plan depends much on its parameters; raises TooSlow."""
        async with self.connection() as connection:
            return await (await connection.execute(query, params, prepare=False)).fetchall()

    async def run(self, query: LiteralString, params: Params | None = None) -> None:
        """Carry out a statement that answers nothing."""
        async with self.connection() as connection:
            await connection.execute(query, params)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Row]]:
        """Lend a connection in autocommit mode; raises Problem (503) while PostgreSQL is away."""
        try:
            async with self._pool.connection() as connection:
                await connection.read_as(reader.get())
                yield connection
        except psycopg.errors.QueryCanceled:
            raise TooSlow from None
        except _AWAY as error:
            raise unavailable("the database") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection[Row]]:
        """Lend a connection for one transaction."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def own_connection(self) -> AsyncConnection[Row]:
        """Return a connection outside the pool, for listening; raises psycopg.OperationalError."""
        connection = await AsyncConnection.connect(
            self._dsn,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=2,
            application_name="roomlog-api-outbox",
            options="-c role=roomlog_api",
        )
        await _configure(connection)
        return connection


async def _connect_again(pool: AsyncConnectionPool[Any]) -> None:
    # Nobody else would: once as many wait as may, those who have given up included, the pool refuses whoever
    # comes before it thinks of connecting.
    await pool.check()


async def _configure(connection: AsyncConnection[Any]) -> None:
    connection.adapters.register_loader("uuid", TextLoader)
    connection.prepare_threshold = 2


async def _check(connection: _Connection) -> None:
    # Asking at each checkout would be a second round trip for every read.
    now = time.monotonic()
    if now - connection.checked_at > _CHECK_EVERY_S:
        await AsyncConnectionPool.check_connection(connection)
        connection.checked_at = now


def like(text: str) -> str:
    """Return a text so that LIKE finds it literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
