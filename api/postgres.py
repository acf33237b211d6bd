"""PostgreSQL as the routes see it: the primary, and a replica for reads that may be a little old."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, LiteralString, Self

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from api.connections import Row, adapt, reader
from api.pool import Impatience, Params, Server, Target, TooSlow
from api.problems import Problem
from api.replica import Following, Standing
from roomlog import metrics
from roomlog.settings import Settings
from roomlog.tasks import end

__all__ = ["Params", "Postgres", "Row", "TooSlow", "like", "reader"]

# To wait for the primary is better than to refuse; for the replica, there is somebody else to ask.
_PRIMARY = Impatience(every_s=1.0, probe_s=1.5, failures=2)
_REPLICA = Impatience(every_s=0.25, probe_s=0.5, failures=1)

_from_replica: ContextVar[bool] = ContextVar("from_replica", default=False)
"""Whether the current request reads from the replica."""


class Postgres:
    """Reads and short transactions. Rows are dicts; ids are texts.

    Everything is asked of the primary, but what `all`, `one` and `planned` read after `prefer_replica` in the
    same request; and that too where the replica does not answer well.
    """

    def __init__(
        self,
        primary: Target,
        direct: str,
        replica: Target | None = None,
        replica_lag_s: float = 2.0,
    ) -> None:
        """`direct` leads to the primary past a pooler."""
        self._direct = direct
        self._following = Following(replica_lag_s)
        impatience, self._replica = _PRIMARY, None
        if replica is not None:
            self._replica = Server(replica, _REPLICA, self._replica_noted)
            impatience = _PRIMARY._replace(every_s=_REPLICA.every_s)  # as both are compared
        self._primary = Server(primary, impatience, self._primary_noted)
        self._watching: list[asyncio.Task[None]] = []

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return what the settings name, not connected yet."""
        direct, pooler = settings.postgres, settings.postgres_pooler
        limits: dict[str, Any] = {
            "size": settings.database_pool,
            "waiting": settings.database_waiting,
            "prepares": settings.database_prepare == "on",
        }
        replica = settings.postgres_replica
        return cls(
            Target("primary", pooler or direct, is_pooled=bool(pooler), **limits),
            direct,
            Target("replica", replica, **limits) if replica else None,
            settings.replica_lag_s,
        )

    async def open(self) -> None:
        """Start connecting, and watching who is there."""
        for server in self._servers:
            await server.open()
            self._watching.append(asyncio.create_task(server.watch()))

    async def close(self) -> None:
        """Disconnect."""
        await end(self._watching)
        for server in self._servers:
            await server.close()

    def prefer_replica(self) -> bool:
        """Let the current request read from the replica; return whether there is one to read from."""
        why_not = self.why_no_replica()
        _from_replica.set(why_not is None)
        if why_not is not None and self._replica is not None:
            metrics.REPLICA_PASSED_OVER.labels(why_not).inc()
        return why_not is None

    def prefer_primary(self, why: str) -> bool:
        """Let the current request read from the primary from now on; return whether it did not do so before."""
        if not _from_replica.get():
            return False
        metrics.REPLICA_PASSED_OVER.labels(why).inc()
        _from_replica.set(False)
        return True

    def why_no_replica(self) -> str | None:
        """Return why no replica can be read from now, None where one can."""
        if self._replica is None:
            return "none"
        if not self._replica.is_there:
            return "away"
        return self._following.why_not(time.monotonic())

    @property
    def has_replica(self) -> bool:
        """Whether there shall be a replica."""
        return self._replica is not None

    async def all(self, query: LiteralString, params: Params | None = None) -> list[Row]:
        """Return every row of a statement."""
        return await self._fetch(query, params)

    async def one(self, query: LiteralString, params: Params | None = None) -> Row | None:
        """Return the first row of a statement, if any."""
        rows = await self._fetch(query, params)
        return rows[0] if rows else None

    async def planned(self, query: LiteralString, params: Params) -> list[Row]:
        """Return every row of a statement whose plan depends much on its parameters; raises TooSlow."""
        return await self._fetch(query, params, prepare=False)

    async def run(self, query: LiteralString, params: Params | None = None) -> None:
        """Carry out a statement that answers nothing."""
        await self._primary.run(query, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection[Row]]:
        """Lend a connection for one transaction; raises Problem (503) while PostgreSQL is away."""
        async with self._primary.transaction() as connection:
            yield connection

    async def own_connection(self) -> AsyncConnection[Row]:
        """Return a connection past pool and pooler, for listening; raises psycopg.OperationalError."""
        connection = await AsyncConnection.connect(
            self._direct,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=2,
            application_name="roomlog-api-outbox",
            options="-c role=roomlog_api",
        )
        adapt(connection)
        return connection

    async def _fetch(
        self, query: LiteralString, params: Params | None, prepare: bool | None = None
    ) -> list[Row]:
        if self._replica is not None and _from_replica.get():
            try:
                rows = await self._replica.fetch(query, params, prepare)
            except TooSlow:
                raise
            except (Problem, psycopg.Error):
                self.prefer_primary("failed")
            else:
                metrics.DATABASE_READS.labels("replica").inc()
                return rows
        metrics.DATABASE_READS.labels("primary").inc()
        return await self._primary.fetch(query, params, prepare)

    @property
    def _servers(self) -> list[Server]:
        return [self._primary] if self._replica is None else [self._primary, self._replica]

    def _primary_noted(self, standing: Standing) -> None:
        self._following.wrote(standing, time.monotonic())

    def _replica_noted(self, standing: Standing) -> None:
        self._following.replayed(standing)
        metrics.REPLICA_LAG.set(self._following.lag_s(time.monotonic()))


def like(text: str) -> str:
    """Return a text so that LIKE finds it literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
