"""PostgreSQL: rooms as they are projected, the start of every room that a node takes up."""

import logging
from collections.abc import Iterable
from typing import NamedTuple, cast

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from ingest.queries import (
    LOAD_EVENTS,
    LOAD_FILES,
    LOAD_MESSAGES,
    LOAD_MUTES,
    LOAD_PEOPLE,
    LOAD_ROOM,
)
from roomlog import pools
from roomlog.events import (
    Attachment,
    FilterAction,
    History,
    InviteCreated,
    MemberRole,
    Role,
    RoomKind,
)
from roomlog.mutes import Mute
from roomlog.partitions import partition_of
from roomlog.rooms import Room

_TIMEOUT_S = 5.0
_START_S = 2.0
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class Projected(NamedTuple):
    """A room as it is after all events of its partition below `next`."""

    room: Room
    next: int


class RoomTable:
    """Reads rooms from the read models."""

    def __init__(self, url: str, connections: int) -> None:
        self._pool: AsyncConnectionPool[AsyncConnection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            timeout=_TIMEOUT_S,
            open=False,
            kwargs={"autocommit": True},
            check=AsyncConnectionPool.check_connection,
        )
        pools.watch("primary", self._pool)

    async def start(self) -> None:
        """Begin to connect; does not wait until that has worked."""
        await self._pool.open()

    async def stop(self) -> None:
        """Disconnect."""
        await self._pool.close(timeout=1)

    async def ping(self) -> None:
        """Ask for nothing; raises psycopg.Error or psycopg_pool.PoolTimeout when it is away."""
        async with self._pool.connection(timeout=2) as connection:
            await connection.execute("SELECT 1")

    async def load(self, room_id: str) -> Projected:
        """Return a room; one that is not there (yet) does not exist and has no members.

        Raises psycopg.Error or psycopg_pool.PoolTimeout.
        """
        wanted = {"room": room_id, "partition": partition_of(room_id)}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(LOAD_ROOM, wanted)
            row = await cursor.fetchone()
        room = Room(room_id)
        if row is None:
            return Projected(room, 0)
        following, kind, name, last_offset, members, void, *rest = row
        if kind is not None:
            _add_rest(room, *rest)
            room.exists, room.kind, room.name = True, cast(RoomKind, kind), name
            room.last_offset = last_offset
            for user, role, joined in (m.split(" ") for m in members):
                room.members[user], room.joined[user] = cast(MemberRole, role), int(joined)
            room.void.update(void)
        return Projected(room, following)

    async def mutes(self, user: str) -> dict[str, Mute]:
        """Return the rooms that a user has muted, those of the past included.

        Raises psycopg.Error or psycopg_pool.PoolTimeout.
        """
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(LOAD_MUTES, {"user": user})).fetchall()
        return {room: Mute(level, ends_at) for room, level, ends_at in rows}

    async def events(self, events: list[str]) -> dict[str, int | None]:
        """Return those of the events, by id, that took effect: the offset, None where it was not noted.

        Raises psycopg.Error or psycopg_pool.PoolTimeout.
        """
        async with self._pool.connection() as connection:
            found = await connection.execute(LOAD_EVENTS, {"events": events})
            return {str(event): offset for event, offset in await found.fetchall()}

    async def people(self) -> tuple[dict[int, int], list[tuple[str, str]], list[str]]:
        """Return how far each partition of user.events is projected, who has blocked whom and is erased there.

        Raises psycopg.Error or psycopg_pool.PoolTimeout.
        """
        async with self._pool.connection(timeout=_START_S) as connection:
            row = await (await connection.execute(LOAD_PEOPLE)).fetchone()
        if row is None:
            return {}, [], []
        pairs = (text.partition(" ")[::2] for text in row[1])
        return {int(partition): next_ for partition, next_ in row[0].items()}, list(pairs), row[2]

    async def messages(
        self, partition: int, pairs: Iterable[tuple[str, str]]
    ) -> tuple[dict[tuple[str, str], tuple[str | None, str | None]], int]:
        """Return who wrote messages and who deleted them, by room and event id, and the offset below which
        the partition is taken into account. Of one that cannot be restored, neither is known.

        Raises psycopg.Error or psycopg_pool.PoolTimeout.
        """
        rooms, events = zip(*pairs, strict=True)
        wanted = {"partition": partition, "rooms": list(rooms), "events": list(events)}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(LOAD_MESSAGES, wanted)
            row = await cursor.fetchone()
        if row is None:
            return {}, 0
        return {(room, event): (author, by) for room, event, author, by in row[1]}, row[0]

    async def files(self, owner: str, wanted: list[str]) -> dict[str, Attachment]:
        """Return those of the wanted files that are the owner's, by id.

        Raises psycopg.Error or psycopg_pool.PoolTimeout.
        """
        async with self._pool.connection() as connection:
            cursor = await connection.execute(LOAD_FILES, {"owner": owner, "files": wanted})
            return {row[0]: Attachment(*row) async for row in cursor}


def _add_rest(
    room: Room,
    workspace: str,
    archived: bool,
    read_only: bool,
    history: str,
    link_previews: bool,
    pins: list[str],
    invites: list[tuple[str, str, int]] | None,
    slow_mode_s: int,
    said: dict[str, int] | None,
    muted: dict[str, int] | None,
    banned: list[str] | None,
    filters: dict[str, FilterAction] | None,
) -> None:
    room.workspace = "" if workspace == room.room_id else workspace
    room.archived, room.read_only, room.link_previews = archived, read_only, link_previews
    room.history = cast(History, history)
    room.pins.update(pins)
    room.slow_mode_s, room.said = slow_mode_s, said or {}
    room.muted, room.banned, room.filters = muted or {}, set(banned or ()), filters or {}
    for invite, role, expires_at in invites or ():
        room.invites[invite] = InviteCreated(invite, cast(Role, role), expires_at)
