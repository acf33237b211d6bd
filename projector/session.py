"""A session with PostgreSQL: how it is opened, and what its errors mean for whoever writes batches."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from projector import sql
from projector.arrays import ArrayDumper, Ids, IdsDumper
from projector.batch import Place

# A server that vanished without a word is noticed after ten seconds, not after the kernel's two hours.
_NETWORK = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 4,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
# Classes of SQLSTATE (first two characters) that speak of the event, not of the server: data exception,
# constraint violation, program limit exceeded, an exception that a trigger raises.
_INAPPLICABLE = ("22", "23", "54", "P0")
# Those that pass: connection, resources, conflict between transactions, lock timeout, shutdown.
_PASSING = ("08", "25", "40", "53", "55", "57")
# Unknown table, column, schema.
_NOT_MIGRATED = ("42P01", "42703", "3F000")


class Fenced(Exception):
    """Another process has moved these partitions on: what this one holds of them is stale."""


class Inapplicable(Exception):
    """PostgreSQL refuses what a batch says; the message is its reason."""


class Unavailable(Exception):
    """PostgreSQL is away or busy: nothing was written, the same may be tried again later."""


class WrongSchema(RuntimeError):
    """The database lacks what this code writes to."""


class Session:
    """One session. Blocking, for a thread of its own; after Unavailable, `connect` starts anew."""

    APPLICATION = "roomlog-projector"
    OFFSETS: sql.Offsets
    """The table that says how far what is written here has come."""

    def __init__(self, dsn: str) -> None:
        self._dsn = make_conninfo(dsn, application_name=self.APPLICATION, **_NETWORK)
        self._connection: psycopg.Connection | None = None

    def connect(self) -> None:
        """Open the session, closing an earlier one; raises Unavailable."""
        self.close()
        try:
            self._connection = psycopg.connect(self._dsn, autocommit=True)
            self._connection.adapters.register_dumper(list, ArrayDumper)
            self._connection.adapters.register_dumper(Ids, IdsDumper)
            self._connection.execute(sql.PREPARE_SESSION)
        except psycopg.OperationalError as error:
            raise Unavailable(_one_line(error)) from error

    def close(self) -> None:
        """Close the session."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def offsets(self, places: Iterable[Place]) -> dict[Place, int]:
        """Return how far each partition is taken in (0 for new ones); raises Unavailable."""
        wanted = columns(places, 2)
        with self._errors():
            connection = self._session()
            connection.execute(self.OFFSETS.insert_missing, wanted)
            found = connection.execute(self.OFFSETS.select, wanted)
            return {Place(topic, partition): next_ for topic, partition, next_ in found}

    def are_projected(self, ends: Mapping[Place, int]) -> bool:
        """Tell whether the projector has come to where these partitions end; raises Unavailable."""
        with self._errors():
            found = self._session().execute(sql.PROJECTION.select.encode(), columns(ends, 2))
            reached = {Place(topic, partition): next_ for topic, partition, next_ in found}
        return all(reached.get(place, 0) >= end for place, end in ends.items())

    def _session(self) -> psycopg.Connection:
        if self._connection is None:
            raise Unavailable("no session")
        return self._connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise what PostgreSQL's errors mean: Inapplicable, Unavailable or WrongSchema."""
        try:
            yield
        except psycopg.errors.LockNotAvailable as error:
            self._end_frozen_sessions()
            raise Unavailable(_one_line(error)) from error
        except psycopg.Error as error:
            raise _translated(error) from error

    def _end_frozen_sessions(self) -> None:
        try:
            self._session().execute(sql.END_FROZEN_SESSIONS, [self.APPLICATION])
        except psycopg.Error as error:
            raise _translated(error) from error


def columns(items: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """Turn rows into the arrays of a statement that takes one a column."""
    found = [list(column) for column in zip(*items, strict=True)]
    return found or [[] for _ in range(width)]


def arrays(statement: str, items: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Turn rows into the arrays of this statement, one a column; none where there are no rows."""
    found = [list(column) for column in zip(*items, strict=True)]
    if not found:
        return []
    kinds = zip(_array_kinds(statement), found, strict=True)
    return [
        Ids(column) if kind == "uuid" and set(map(type, column)) == {str} else column
        for kind, column in kinds
    ]


@cache
def _array_kinds(statement: str) -> list[str]:
    return re.findall(r"%s::(\w+)\[\]", statement)


def many(cursor: psycopg.Cursor, statement: str, items: Iterable[Sequence[Any]]) -> int:
    """Run a statement that takes one array a column, unless there is nothing to do; return how many rows it changed."""
    found = arrays(statement, items)
    return cursor.execute(statement, found).rowcount if found else 0


def move_offsets(
    cursor: psycopg.Cursor, statement: str, ends: Mapping[Place, int], starts: Mapping[Place, int]
) -> None:
    """Move partitions from where they start to where they end, all or none; raises Fenced."""
    # In order, so that two processes lock the rows in the same one.
    moves = [(*place, starts[place], end) for place, end in sorted(ends.items())]
    cursor.execute(statement.encode(), columns(moves, 4))
    if cursor.rowcount != len(moves):
        raise Fenced(f"{len(moves) - cursor.rowcount} of {len(moves)} partitions moved on")


def _translated(error: psycopg.Error) -> Exception:
    state = _state_of(error)
    if state.startswith(_INAPPLICABLE):
        return Inapplicable(_one_line(error))
    if state.startswith(_PASSING):
        return Unavailable(_one_line(error))
    if state in _NOT_MIGRATED:
        return WrongSchema(f"{_one_line(error)}; run `roomlog migrate` on this database")
    return error


def _state_of(error: psycopg.Error) -> str:
    """Return the SQLSTATE; what the driver itself finds gets that of its kind."""
    if error.sqlstate:
        return error.sqlstate
    if isinstance(error, psycopg.DataError):  # a value that it cannot send
        return "22000"
    broken = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return "08000" if broken else ""


def _one_line(error: psycopg.Error) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
