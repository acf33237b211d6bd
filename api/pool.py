"""One PostgreSQL server: a bounded pool of connections, behind a breaker that probes of its own open and close.

Nothing of a session is used, so the pool may lead through PgBouncer in transaction mode: what a statement needs to be
set is set by a statement before it, for their common transaction only, and both go there together.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, LiteralString, NamedTuple
from weakref import WeakSet

import psycopg
from psycopg import AsyncConnection
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.rows import DictRow, dict_row
from psycopg.types.string import TextLoader
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from api import sql
from api.breaker import Breaker
from api.problems import Problem, unavailable
from api.replica import Standing
from roomlog import metrics
from roomlog.errors import ErrorCode

Row = DictRow
Params = Mapping[str, Any]
_CHECKOUT_TIMEOUT_S = 2.0
_CHECK_EVERY_S = 1.0
_PROBE_EVERY_S = 0.25
_SETTLE_S = 0.02
_NEVER_CHECKED = float("-inf")
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolClosed)
_log = logging.getLogger(__name__)

reader: ContextVar[str] = ContextVar("reader", default="")
"""For whom the current request reads: row-level security shows what they may see, for "" nothing."""


class TooSlow(Problem):
    """A statement took longer than a request may."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.UNAVAILABLE, "this took too long; try again", retry_after_s=1)


class Limits(NamedTuple):
    """What a service may take of a server."""

    size: int = 8
    """Connections."""
    waiting: int = 100
    """Requests that may wait for one of them."""
    prepares: bool = True
    """Whether statements may stay prepared on a connection."""


class Impatience(NamedTuple):
    """When a server counts as away."""

    probe_s: float
    """A probe that takes longer failed."""
    failures: int
    """So many probes in a row failed."""


class _Connection(AsyncConnection[Row]):
    """A connection of the pool; `checked_at` (monotonic seconds) is when it was last seen to work."""

    checked_at = _NEVER_CHECKED


class Server:
    """Statements and short transactions of one server. Rows are dicts; ids are texts, times are in UTC.

    What is away, or has too much to do, is a Problem (503) at once. `noted` is told what each probe finds.
    """

    def __init__(
        self,
        name: str,
        dsn: str,
        limits: Limits,
        impatience: Impatience,
        noted: Callable[[Standing], None],
    ) -> None:
        self.name = name
        self._dsn, self._prepares, self._patience_s = dsn, limits.prepares, impatience.probe_s
        self._noted = noted
        self._breaker = Breaker(impatience.failures)
        self._hurry = asyncio.Event()
        self._connections: WeakSet[_Connection] = WeakSet()
        self._waiting: set[asyncio.Timeout] = set()
        self._own: AsyncConnection[Row] | None = None
        self._pool: AsyncConnectionPool[_Connection] = AsyncConnectionPool(
            dsn,
            connection_class=_Connection,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "connect_timeout": 2,
                "application_name": "roomlog-api",
            },
            min_size=1,
            max_size=limits.size,
            max_waiting=max(1, limits.waiting),
            timeout=_CHECKOUT_TIMEOUT_S,
            configure=self._configure,
            check=_check,
            reconnect_timeout=2,
            open=False,
        )

    @property
    def is_there(self) -> bool:
        """Whether requests may pass."""
        return self._breaker.is_closed

    async def open(self) -> None:
        """Start the pool; it connects, and connects again, in the background."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Disconnect."""
        await self._pool.close(timeout=2)

    async def fetch(
        self, query: LiteralString, params: Params | None, prepare: bool | None = None
    ) -> list[Row]:
        """Return every row of a statement; raises Problem or psycopg.Error."""
        return await self._carried_out(query, params, prepare, has_rows=True)

    async def run(self, query: LiteralString, params: Params | None) -> None:
        """Carry out a statement that answers nothing; raises Problem or psycopg.Error."""
        await self._carried_out(query, params, None, has_rows=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection[Row]]:
        """Lend a connection for one transaction; raises Problem or psycopg.Error."""
        async with self._connection() as connection, connection.transaction():
            await connection.execute(sql.AS_READER, [reader.get()])
            yield connection

    async def watch(self) -> None:
        """Look whether the server is there, again and again, for ever."""
        try:
            while True:
                await self._probe()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._hurry.wait(), self._pause_s())
                self._hurry.clear()
        finally:
            if self._own is not None:
                _sever(self._own)
                await self._own.close()

    async def _carried_out(
        self, query: LiteralString, params: Params | None, prepare: bool | None, *, has_rows: bool
    ) -> list[Row]:
        async with self._connection() as connection:
            # Without a BEGIN, what goes there together is one transaction.
            async with connection.pipeline():
                await connection.execute(sql.AS_READER, [reader.get()])
                cursor = await connection.execute(query, params, prepare=prepare)
            return await cursor.fetchall() if has_rows else []

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[_Connection]:
        connection = await self._checked_out()
        try:
            yield connection
        except psycopg.errors.QueryCanceled:
            raise TooSlow from None
        except _AWAY as error:
            self._hurry.set()
            raise self._refusal("away") from error
        finally:
            await self._pool.putconn(connection)

    async def _checked_out(self) -> _Connection:
        if not self._breaker.is_closed:
            raise self._refusal("away")
        try:
            async with asyncio.timeout(2 * _CHECKOUT_TIMEOUT_S) as patience:
                self._waiting.add(patience)
                try:
                    return await self._pool.getconn()
                finally:
                    self._waiting.discard(patience)
        except TooManyRequests:
            raise self._refusal("busy") from None
        except (PoolTimeout, TimeoutError) as error:
            self._hurry.set()
            raise self._refusal("busy" if self._breaker.is_closed else "away") from error
        except _AWAY as error:
            self._hurry.set()
            raise self._refusal("away") from error

    def _refusal(self, reason: str) -> Problem:
        metrics.DATABASE_REFUSED.labels(self.name, reason).inc()
        if reason == "away":
            return unavailable("the database")
        told = "too many requests wait for the database; try again"
        return Problem(ErrorCode.UNAVAILABLE, told, retry_after_s=1)

    async def _probe(self) -> None:
        self._breaker.begin(time.monotonic())
        try:
            standing = await self._standing()
        except (psycopg.Error, OSError, TimeoutError) as error:
            if self._breaker.failed(time.monotonic()):
                _log.warning("PostgreSQL (%s) is away: %s", self.name, error)
                self._give_up()
        else:
            self._noted(standing)
            if self._breaker.succeeded():
                _log.info("PostgreSQL (%s) is back", self.name)
                await self._pool.check()
        self._measure()

    async def _standing(self) -> Standing:
        connection = self._own
        if connection is None or connection.closed:
            async with asyncio.timeout(self._patience_s):
                connection = self._own = await AsyncConnection.connect(
                    self._dsn,
                    autocommit=True,
                    row_factory=dict_row,
                    prepare_threshold=None,
                    application_name="roomlog-api-watch",
                )
        # Not a timeout: whoever cancels a statement waits for a server that may be frozen.
        late = asyncio.get_running_loop().call_later(self._patience_s, _sever, connection)
        try:
            row = await (await connection.execute(sql.STANDING)).fetchone()
        finally:
            late.cancel()
        return Standing(**(row or {}))

    def _give_up(self) -> None:
        """Let all who wait for the server know that it is away."""
        for connection in self._connections:
            _sever(connection)
            connection.checked_at = _NEVER_CHECKED
        soon = asyncio.get_running_loop().time() + _SETTLE_S  # after those that were just severed
        for patience in self._waiting:
            patience.reschedule(soon)

    def _pause_s(self) -> float:
        if self._breaker.is_suspicious:
            return _SETTLE_S
        return _PROBE_EVERY_S if self.is_there else self._breaker.waits_s(time.monotonic())

    def _measure(self) -> None:
        stats = self._pool.get_stats()
        free = stats.get("pool_available", 0)
        metrics.DATABASE_BREAKER.labels(self.name).set(self._breaker.state.value)
        metrics.DATABASE_CONNECTIONS.labels(self.name, "free").set(free)
        metrics.DATABASE_CONNECTIONS.labels(self.name, "used").set(stats["pool_size"] - free)
        metrics.DATABASE_WAITING.labels(self.name).set(stats.get("requests_waiting", 0))

    async def _configure(self, connection: _Connection) -> None:
        configure(connection)
        if not self._prepares:
            connection.prepare_threshold = None
        self._connections.add(connection)


class _UtcLoader(Loader):
    """Reads times with their zone, whatever the session's is."""

    def load(self, data: Buffer) -> datetime:
        return datetime.fromisoformat(bytes(data).decode()).astimezone(UTC)


def configure(connection: AsyncConnection[Any]) -> None:
    """Let a connection give ids as texts, times in UTC, and prepare what it is asked again."""
    connection.adapters.register_loader("uuid", TextLoader)
    connection.adapters.register_loader("timestamptz", _UtcLoader)
    connection.prepare_threshold = 2


async def _check(connection: _Connection) -> None:
    # Asking at each checkout would be a second round trip for every read.
    now = time.monotonic()
    if now - connection.checked_at > _CHECK_EVERY_S:
        await AsyncConnectionPool.check_connection(connection)
        connection.checked_at = now


def _sever(connection: AsyncConnection[Any]) -> None:
    """End a connection from this side: whoever waits for an answer learns at once that none will come."""
    with (
        suppress(OSError, psycopg.Error),
        socket.socket(fileno=os.dup(connection.pgconn.socket)) as own,
    ):
        own.shutdown(socket.SHUT_RDWR)
