"""The new tables in PostgreSQL: made like the live ones, in a schema of their own, and swapped for them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import Identifier

from projector import migrate
from projector.batch import Place
from projector.rebuild import sql
from projector.sql import SELECT_MIGRATIONS
from roomlog.readmodels.tables import ASKED, OFFSETS, TABLES, TO_DO
from roomlog.topics import CHAT_EVENTS, CHAT_READS, USER_EVENTS

APPLICATION = "roomlog-rebuild"
NAMES = (OFFSETS, *(table.name for table in TABLES))
UNUSED = (*TO_DO, *ASKED)
MADE = (*NAMES, *UNUSED)
"""Also what the log asks to be done: written as ever while the log is read, and thrown away."""
TOPICS = (USER_EVENTS, CHAT_EVENTS, CHAT_READS)
"""What is read of the log."""
_CONNECT_TIMEOUT_S = 10
# Readers wait as long as the swap waits for others, so it gives up soon and tries again. It is the time of a
# whole statement, which waits for many tables one after the other and holds those that it has. The longest lets
# PostgreSQL's own clean-up notice, after a second, that it is in the way.
_TIMEOUTS_MS = (250, 250, 500, 500, 1_000, 1_250)
_LOCK_PAUSE_S = 0.5
_LOCK_ATTEMPTS = 60
_IN_THE_WAY = (
    psycopg.errors.QueryCanceled,
    psycopg.errors.LockNotAvailable,  # where the role or the database sets a `lock_timeout`
    psycopg.errors.DeadlockDetected,
)

Offsets = dict[Place, int]


class CannotRebuild(RuntimeError):
    """A rebuild cannot begin or go on; the message says why and what to do."""


class Shadow:
    """The new tables; a context manager, in which no other rebuild runs. Raises CannotRebuild."""

    def __init__(self, dsn: str) -> None:
        self._dsn = make_conninfo(
            dsn, application_name=APPLICATION, connect_timeout=_CONNECT_TIMEOUT_S
        )

    def __enter__(self) -> "Shadow":
        self._lock = self._connect()
        self._connection = self._connect()
        (live,) = _row(self._connection, sql.LIVE_SCHEMA)
        self._live_name = str(live)
        self.live = Identifier(self._live_name).as_string(self._connection)
        """The schema of the live tables."""
        try:
            self._require_alone()
            self._connection.execute(sql.PREPARE_LONG_WORK)
            self._require_tables()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._lock.close()

    @property
    def dsn(self) -> str:
        """A connection string with which table names mean the new tables, and only them."""
        return make_conninfo(self._dsn, options=f"-c search_path={sql.NEW}")

    def prepare(self, fresh: bool) -> bool:
        """Make the new tables, empty, and return False; True if those of an earlier run are gone on with.

        `fresh` throws these away.
        """
        mark = f"read models of migration {len(migrate.load())}"
        (found,) = _row(self._connection, sql.MARK_OF, [sql.NEW])
        if found == mark and not fresh:
            return True
        names = {"new": sql.NEW, "live": self._live_name, "tables": list(MADE)}
        with self._connection.transaction():
            self._run(f"DROP SCHEMA IF EXISTS {sql.NEW} CASCADE", f"CREATE SCHEMA {sql.NEW}")
            self._run(*(s for (s,) in self._connection.execute(sql.STATEMENTS_TO_CREATE, names)))
            self._run(*self._missing_indexes(late=False))
            self._run(str(_row(self._connection, sql.STATEMENT_TO_MARK, [sql.NEW, mark])[0]))
        return False

    def finish(self, tell: Callable[[str], None]) -> None:
        """Build the indexes that loading went without, and gather what the planner wants to know."""
        for statement in self._missing_indexes(late=True):
            tell(statement.partition(" USING ")[0])
            self._run(statement)
        for name in NAMES:
            self._run(f"VACUUM (ANALYZE) {sql.NEW}.{name}")

    def offsets(self, connection: psycopg.Connection | None = None) -> Offsets:
        """Return how far each partition of the topics that are read is in the live tables."""
        found = (connection or self._connection).execute(sql.offsets_of(self.live))
        places = ((Place(topic, partition), next_) for topic, partition, next_ in found)
        return {place: next_ for place, next_ in places if place.topic in TOPICS}

    def new_offsets(self) -> Offsets:
        """Return how far each partition is in the new tables; what is not there is at 0."""
        found = self._connection.execute(sql.offsets_of(sql.NEW))
        return {Place(topic, partition): next_ for topic, partition, next_ in found}

    def keep_markers(self) -> None:
        """Take over read markers that are further than the log shows, which is compacted."""
        self._run(sql.later_markers(self.live))

    @contextmanager
    def snapshot(self) -> Iterator[psycopg.Connection]:
        """Lend a session for which the live tables stand still, read-only."""
        with self._connect() as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.autocommit = False
            yield connection

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection]:
        """Lend one more session."""
        with self._connect() as connection:
            yield connection

    def wait_for_readers(self, tell: Callable[[str], None]) -> None:
        """Return when nobody reads all of the live tables, and keep others from beginning to."""
        if not _row(self._connection, sql.TRY_SWAP_LOCK)[0]:
            tell("  waiting for `roomlog verify` to end")
            self._run(sql.SWAP_LOCK_AFTER_OTHERS)

    async def swap(
        self, catch_up: Callable[[Offsets], Awaitable[object]], tell: Callable[[str], None]
    ) -> float:
        """Put the new tables where the live ones are; return for how many seconds nobody could write.

        `catch_up` brings the new tables to the offsets that it is given; everybody who writes waits
        meanwhile. The old tables are in schema `roomlog_old` then.
        """
        await self.drop_old(tell)
        began = 0.0

        async def put() -> None:
            nonlocal began
            self._run(sql.lock_offsets(self.live))
            began = time.monotonic()
            await catch_up(self.offsets())
            self._run(sql.take_other_offsets(self.live), *sql.swap(self.live, NAMES, UNUSED))
            self._run("SET LOCAL synchronous_commit = on")

        await self._between_others(put, "the live tables", tell)
        return time.monotonic() - began

    async def drop_old(self, tell: Callable[[str], None]) -> None:
        """Drop the tables that were replaced.

        A prepared statement asks for the tables that it was made for, in its own order, before it learns
        that they were replaced: so this waits for readers, too.
        """

        async def drop() -> None:
            self._run(f"DROP SCHEMA IF EXISTS {sql.OLD} CASCADE")

        await self._between_others(drop, "the tables that were replaced", tell)

    async def _between_others(
        self, work: Callable[[], Awaitable[None]], tables: str, tell: Callable[[str], None]
    ) -> None:
        """Do work in a transaction that gives way to whoever uses the tables, and is tried again then."""
        for attempt in range(_LOCK_ATTEMPTS):
            timeout = _TIMEOUTS_MS[min(attempt, len(_TIMEOUTS_MS) - 1)]
            try:
                with self._connection.transaction():
                    self._run(f"SET LOCAL statement_timeout = {timeout}")
                    await work()
            except _IN_THE_WAY:
                if attempt == 0:
                    tell(f"  {tables} are in use; trying again")
                await asyncio.sleep(_LOCK_PAUSE_S)
            else:
                return
        raise CannotRebuild(
            f"{tables} are in use all the time; end what holds them (see pg_stat_activity), and run it "
            "again: it goes on where it stopped"
        )

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._dsn, autocommit=True)

    def _run(self, *statements: str) -> None:
        for statement in statements:
            self._connection.execute(statement.encode())

    def _require_alone(self) -> None:
        if not _row(self._lock, sql.LOCK)[0]:
            found = self._lock.execute(sql.LOCKED_BY).fetchone()
            who = "" if found is None else f" (PostgreSQL session {found[0]}, since {found[1]} UTC)"
            raise CannotRebuild(f"another rebuild is running{who}: wait for it, or stop it")
        own = [self._lock.info.backend_pid, self._connection.info.backend_pid]
        self._lock.execute(sql.END_LEFTOVERS, [APPLICATION, own])

    def _require_tables(self) -> None:
        (there,) = _row(self._connection, sql.HAS_TABLE, [f"{self.live}.schema_migrations"])
        applied = self._connection.execute(SELECT_MIGRATIONS).fetchall() if there else []
        try:
            missing = migrate.pending(migrate.load(), (number for (number,) in applied))
        except migrate.MigrationError as error:
            raise CannotRebuild(str(error)) from error
        if missing:
            raise CannotRebuild("the tables are not up to date: run `roomlog migrate` first")
        tables = [f"{self.live}.{name}" for name in NAMES]
        found = self._connection.execute(sql.OBSTACLES, {"tables": tables})
        if obstacles := [told for (told,) in found]:
            raise CannotRebuild(
                f"on the tables stands what would stay with the old ones: {', '.join(obstacles)}; "
                "drop it, and make it again after the rebuild"
            )

    def _missing_indexes(self, *, late: bool) -> list[str]:
        names = {"new": sql.NEW, "live": self._live_name, "tables": list(MADE)}
        there = {name for (name,) in self._connection.execute(sql.INDEXES, [sql.NEW])}
        found = self._connection.execute(sql.STATEMENTS_TO_INDEX, names).fetchall()
        return [text for name, is_late, text in found if name not in there and is_late == late]


def _row(
    connection: psycopg.Connection, query: str, parameters: list[object] | None = None
) -> tuple[object, ...]:
    """Return the only row of a query."""
    found = connection.execute(query.encode(), parameters).fetchone()
    return found or (None,)
