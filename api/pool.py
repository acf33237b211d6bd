"""One PostgreSQL server: a bounded pool of connections, behind a breaker that probes of its own open and close."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, LiteralString, NamedTuple
from weakref import WeakSet

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from api.breaker import Breaker
from api.connections import OPTIONS, Connection, Row, adapt, require_own_session
from api.problems import Problem, unavailable
from api.replica import Standing
from api.sql import servers as sql
from roomlog import metrics, pools
from roomlog.errors import ErrorCode

Params = Mapping[str, Any]
_CHECKOUT_TIMEOUT_S = 2.0
_SETTLE_S = 0.02
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolClosed)
_log = logging.getLogger(__name__)


class TooSlow(Problem):
    """A statement took longer than a request may, or gave way to somebody again and again."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.UNAVAILABLE, "this took too long; try again", retry_after_s=1)


class Target(NamedTuple):
    """Where a server is, and what a service may take of it."""

    name: str
    dsn: str
    is_pooled: bool = False
    """Whether a pooler is in between, so that a session is one's own for no longer than a transaction."""
    size: int = 8
    """Connections."""
    waiting: int = 200
    """Requests that may wait for one of them."""
    prepares: bool = True
    """Whether statements may stay prepared on a connection."""


class Impatience(NamedTuple):
    """When a server counts as away."""

    every_s: float
    """How long between two probes."""
    probe_s: float
    """A probe that takes longer failed."""
    failures: int
    """So many probes in a row failed."""


async def _connect_again(pool: AsyncConnectionPool[Any]) -> None:
    # Nobody else would: once as many wait as may, those who have given up included, the pool refuses whoever
    # comes before it thinks of connecting.
    await pool.check()


class Server:
    """Statements and short transactions of one server. Rows are dicts; ids are texts, times are in UTC.

    What is away, or has too much to do, is a Problem (503) at once. `noted` is told what each probe finds.
    """

    def __init__(
        self, target: Target, impatience: Impatience, noted: Callable[[Standing], None]
    ) -> None:
        self._target, self._impatience, self._noted = target, impatience, noted
        self._breaker = Breaker(impatience.failures)
        self._hurry = asyncio.Event()
        self._connections: WeakSet[Connection] = WeakSet()
        self._waiting: set[asyncio.Timeout] = set()
        self._own: Connection | None = None
        self._settings: dict[str, Any] = {
            "autocommit": True,
            "row_factory": dict_row,
            "connect_timeout": 2,
            "application_name": "roomlog-api",
            **({} if target.is_pooled else {"options": OPTIONS}),
        }
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            target.dsn,
            connection_class=Connection,
            kwargs=self._settings,
            min_size=1,
            max_size=target.size,
            max_waiting=target.waiting,
            timeout=_CHECKOUT_TIMEOUT_S,
            configure=self._configure,
            check=Connection.check,
            reconnect_timeout=2,
            reconnect_failed=_connect_again,
            open=False,
        )

    @property
    def is_there(self) -> bool:
        """Whether requests may pass."""
        return self._breaker.is_closed

    async def open(self) -> None:
        """Start the pool; it connects, and connects again, in the background."""
        pools.watch(self._target.name, self._pool)
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Disconnect."""
        await self._pool.close(timeout=2)

    async def fetch(
        self, query: LiteralString, params: Params | None, prepare: bool | None = None
    ) -> list[Row]:
        """Return every row of a statement; raises Problem or psycopg.Error."""
        async with self._connection() as connection:
            return await (await self._carried_out(connection, query, params, prepare)).fetchall()

    async def run(self, query: LiteralString, params: Params | None) -> None:
        """Carry out a statement that answers nothing; raises Problem or psycopg.Error."""
        async with self._connection() as connection:
            await self._carried_out(connection, query, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection[Row]]:
        """Lend a connection for one transaction; raises Problem or psycopg.Error."""
        async with self._connection() as connection:
            if not self._target.is_pooled:
                await connection.read_as_reader()
            async with connection.transaction():
                if self._target.is_pooled:
                    await connection.set_for_transaction()
                yield connection

    async def watch(self) -> None:
        """Look whether the server is there, again and again, for ever."""
        try:
            while True:
                await self._probe()
                with suppress(TimeoutError):
                    # Not `wait_for`: until Python 3.12 that may swallow being cancelled.
                    async with asyncio.timeout(self._pause_s()):
                        await self._hurry.wait()
                self._hurry.clear()
        finally:
            if self._own is not None:
                await self._own.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        connection = await self._checked_out()
        try:
            yield connection
        except (psycopg.errors.QueryCanceled, psycopg.errors.DeadlockDetected):
            raise TooSlow from None
        except _AWAY as error:
            self._hurry.set()
            raise self._refusal("away") from error
        finally:
            await self._pool.putconn(connection)

    async def _carried_out(
        self,
        connection: Connection,
        query: LiteralString,
        params: Params | None,
        prepare: bool | None = None,
    ) -> AsyncCursor[Row]:
        read = connection.read_at_once if self._target.is_pooled else connection.read
        try:
            return await read(query, params, prepare)
        except psycopg.errors.DeadlockDetected:
            # It gave way to whoever swaps or drops tables after a rebuild, who is done now.
            return await read(query, params, prepare)

    async def _checked_out(self) -> Connection:
        if not self._breaker.is_closed:
            raise self._refusal("away")
        task = asyncio.current_task()
        cancelled = task.cancelling() if task else 0
        try:
            async with asyncio.timeout(2 * _CHECKOUT_TIMEOUT_S) as patience:
                self._waiting.add(patience)
                try:
                    connection = await self._pool.getconn()
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
        if task and task.cancelling() > cancelled:
            # The pool's `wait_for` has swallowed that (until Python 3.12): a loop would go on when the API stops.
            await self._pool.putconn(connection)
            raise asyncio.CancelledError
        return connection

    def _refusal(self, reason: str) -> Problem:
        metrics.DATABASE_REFUSED.labels(self._target.name, reason).inc()
        if reason == "away":
            return unavailable("the database")
        told = "too many requests wait for the database; try again"
        return Problem(ErrorCode.UNAVAILABLE, told, retry_after_s=1)

    async def _probe(self) -> None:
        self._breaker.begin(time.monotonic())
        try:
            self._noted(await self._standing())
        except (*_AWAY, OSError, TimeoutError) as error:
            if self._breaker.failed(time.monotonic()):
                told = " ".join(f"{type(error).__name__}: {error}".split())
                _log.warning("PostgreSQL (%s) is away: %s", self._target.name, told)
                self._give_up()
        except psycopg.Error as error:  # it is there, and no replica can be compared with it
            _log.debug("PostgreSQL (%s) does not say where it is: %s", self._target.name, error)
            await self._is_back()
        else:
            await self._is_back()
        metrics.DATABASE_BREAKER.labels(self._target.name).set(self._breaker.state.value)

    async def _is_back(self) -> None:
        if self._breaker.succeeded():
            _log.info("PostgreSQL (%s) is back", self._target.name)
            await self._pool.check()

    async def _standing(self) -> Standing:
        is_new = self._own is None or self._own.closed
        if self._own is None or is_new:
            async with asyncio.timeout(self._impatience.probe_s):
                self._own = await Connection.connect(self._target.dsn, **self._settings)
        connection = self._own
        late = asyncio.get_running_loop().call_later(self._impatience.probe_s, connection.give_up)
        try:
            if is_new:
                await self._require_own_session(connection)
            row = await (await connection.execute(sql.STANDING, prepare=False)).fetchone()
        except BaseException:
            connection.give_up()
            await connection.close()
            raise
        finally:
            late.cancel()
        return Standing(**(row or {}))

    def _give_up(self) -> None:
        """Let all who wait for the server know that it is away."""
        for connection in self._connections:
            connection.give_up()
        soon = asyncio.get_running_loop().time() + _SETTLE_S  # after those that wait for an answer
        for patience in self._waiting:
            patience.reschedule(soon)

    def _pause_s(self) -> float:
        if self._breaker.is_suspicious:
            return _SETTLE_S
        return (
            self._impatience.every_s if self.is_there else self._breaker.waits_s(time.monotonic())
        )

    async def _configure(self, connection: Connection) -> None:
        await self._require_own_session(connection)
        adapt(connection, prepares=self._target.prepares)
        self._connections.add(connection)

    async def _require_own_session(self, connection: Connection) -> None:
        if not self._target.is_pooled:
            await require_own_session(connection)
