"""PostgreSQL: the read models as they are at one moment, which several sessions can share."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import psycopg

from roomlog.partitions import partition_of
from roomlog.readmodels.fold.rows import Rows
from roomlog.readmodels.tables import (
    INVITES,
    MEMBERS,
    NOTIFICATIONS,
    OF_ROOMS,
    OFFSETS,
    ROOMS,
    SWAP_LOCK,
    Key,
    Row,
    Table,
)
from roomlog.readmodels.unread import COUNTED_TO, UNREAD

_CONNECT_TIMEOUT_S = 10
_ROOM_COLUMNS = {ROOMS: "id", INVITES: "workspace_id"}
"""Where a table says which room a row is about; `room_id` where it is not here."""
_BY_ROOM = {table: _ROOM_COLUMNS.get(table, "room_id") for table in OF_ROOMS}
_ROOMS_ANYWHERE = " UNION ".join(
    f"SELECT {column}::text FROM {table.name} WHERE {column} IS NOT NULL"  # noqa: S608  # names of tables
    for table, column in _BY_ROOM.items()
)

_USERS = f"SELECT DISTINCT user_id::text FROM {MEMBERS.name}"  # noqa: S608

Offsets = dict[tuple[str, int], int]


class Snapshot:
    """A read-only session in which nothing changes any more."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def share(self) -> str:
        """Return the name under which other sessions see the same, while this one is open."""
        return str(self._one("SELECT pg_export_snapshot()"))

    def offsets(self) -> Offsets:
        """Return topic and partition -> how far it is projected."""
        query = f"SELECT topic, partition, next FROM {OFFSETS}"  # noqa: S608
        found = self._connection.execute(query.encode())
        return {(topic, partition): next_ for topic, partition, next_ in found}

    def rooms(self) -> dict[int, list[str]]:
        """Return partition -> the rooms that any table has a row of."""
        found: dict[int, list[str]] = {}
        for (room,) in self._connection.execute(_ROOMS_ANYWHERE.encode()):
            found.setdefault(partition_of(room), []).append(room)
        return found

    def rows(self, table: Table) -> Rows:
        """Return all rows of a table."""
        return self._rows(table, "")

    def rows_of_rooms(self, rooms: Sequence[str]) -> Rows:
        """Return what every table has of some rooms."""
        found: Rows = {}
        for table, column in _BY_ROOM.items():
            found |= self._rows(table, f"WHERE {column} = ANY (%s::uuid[])", rooms)
        return found

    def notifications_of_no_room(self) -> Rows:
        """Return the notifications of what is about people and no room."""
        return self._rows(NOTIFICATIONS, "WHERE room_id IS NULL")

    def unread(self) -> dict[Key, Row]:
        """Return what `UNREAD` finds for everybody who is a member of anything: rows of COUNTS."""
        users = [user for (user,) in self._connection.execute(_USERS.encode())]
        found: dict[Key, Row] = {}
        for user in users:
            asked = {"user_id": user, "rooms": [], "offsets": [], "most": COUNTED_TO + 1}
            for room, _, _, _, _, *counts in self._connection.execute(UNREAD, asked):
                found[user, str(room)] = tuple(counts)
        return found

    def _rows(self, table: Table, condition: str, *parameters: Iterable[str]) -> Rows:
        query = f"SELECT {', '.join(table.values)} FROM {table.name} {condition}"  # noqa: S608
        rows = self._connection.execute(query.encode(), list(map(list, parameters)) or None)
        return {table.name: dict(map(table.split, rows))}

    def _one(self, query: str) -> object:
        row = self._connection.execute(query.encode()).fetchone()
        return row and row[0]


@contextmanager
def snapshot(dsn: str, shared: str = "") -> Iterator[Snapshot]:
    """Lend a snapshot of now, or the one that another session shares; raises psycopg.Error."""
    with psycopg.connect(
        dsn, connect_timeout=_CONNECT_TIMEOUT_S, application_name="roomlog-verify", autocommit=True
    ) as connection:
        if not shared:
            connection.execute("SELECT pg_advisory_lock_shared(%s)", [SWAP_LOCK])
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            if shared:
                connection.execute(f"SET TRANSACTION SNAPSHOT '{shared}'".encode())
            yield Snapshot(connection)
