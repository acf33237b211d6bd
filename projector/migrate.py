"""Brings a database to the schema that this code knows."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import psycopg

from projector import sql

DIRECTORY = Path(__file__).parent / "migrations"
_NAME = re.compile(r"(\d{4})_\w+\.sql")
_CONNECT_TIMEOUT_S = 10


class MigrationError(RuntimeError):
    """The database and this code do not fit together, or a migration failed; the message says what to do."""


class Migration(NamedTuple):
    """One numbered file of `migrations/`."""

    number: int
    name: str
    statements: str


def migrate(dsn: str) -> list[str]:
    """Apply the migrations that the database lacks, in order, and return their names.

    Each runs once, in a transaction of its own; an advisory lock keeps two processes apart. Raises
    MigrationError where the database is newer than the code or refuses a migration, and
    psycopg.OperationalError where it cannot be reached.
    """
    known = load()
    with psycopg.connect(dsn, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
        connection.execute(sql.LOCK_MIGRATIONS)
        try:
            connection.execute(sql.CREATE_SCHEMA_MIGRATIONS)
            applied = {number for (number,) in connection.execute(sql.SELECT_MIGRATIONS)}
            missing = pending(known, applied)
            for migration in missing:
                _apply(connection, migration)
        finally:
            connection.execute(sql.UNLOCK_MIGRATIONS)
    return [m.name for m in missing]


def load(directory: Path = DIRECTORY) -> list[Migration]:
    """Read the migrations of a directory in order; raises MigrationError for gaps and odd names."""
    found: list[Migration] = []
    for path in sorted(directory.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None or int(match[1]) != len(found) + 1:
            raise MigrationError(
                f"{path.name}: migrations are named NNNN_name.sql and numbered without gaps; "
                f"the next one is {len(found) + 1:04}"
            )
        found.append(Migration(int(match[1]), path.stem, path.read_text()))
    return found


def pending(known: list[Migration], applied: Iterable[int]) -> list[Migration]:
    """Return the migrations still to apply; raises MigrationError for a database newer than the code."""
    done = set(applied)
    if newer := sorted(done - {m.number for m in known}):
        raise MigrationError(
            f"the database has migration {newer[-1]:04}, this code knows only "
            f"{len(known):04}: upgrade Roomlog, or use the database that belongs to this version"
        )
    return [m for m in known if m.number not in done]


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    try:
        with connection.transaction():
            connection.execute(migration.statements.encode())
            connection.execute(sql.INSERT_MIGRATION, [migration.number, migration.name])
    except psycopg.Error as error:
        raise MigrationError(f"migration {migration.name} failed: {error}") from error
