"""The messages that edits, deletions and reactions are about: who posted them, and whether they stand.

Messages that passed through this node lately are known. Others are looked up: PostgreSQL as far as the
partition is projected, and the log from there. One look-up at a time for a partition, shared by all that
wait.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

import psycopg
import psycopg_pool

from ingest.kafka import LogReader, LogUnavailable
from ingest.postgres import RoomTable
from ingest.rooms import RoomState
from ingest.writes import Target
from roomlog import ids
from roomlog.events import ChatEvent, MessageDeleted, MessagePosted, MessageRestored
from schemas.codec import ChatEventCodec, PoisonRecord

CAPACITY = 20_000
_KINDS = frozenset(kind.__name__ for kind in (MessagePosted, MessageDeleted, MessageRestored))
_log = logging.getLogger(__name__)


NOTHING = Target(None)
_Noted = tuple[int, str | None, str | None]
"""A room's number, and a target of it."""
OnFound = Callable[[Target | None], None]
"""Gets the message; None: it could not be looked up."""


class _Wanted(NamedTuple):
    room_id: str
    event_id: str
    on_found: OnFound


class Targets:
    """What is known of messages, at least the latest `capacity` of those that were noted.

    An entry counts only while the node keeps the room, which is what `RoomState.number` tells: of a room
    that was let go meanwhile, deletions were missed.
    """

    def __init__(
        self, table: RoomTable, log: LogReader, codec: ChatEventCodec, capacity: int = CAPACITY
    ) -> None:
        self._table, self._log, self._codec = table, log, codec
        self._capacity = capacity
        self._young: dict[str, _Noted] = {}
        self._old: dict[str, _Noted] = {}
        self._wanted: dict[int, list[_Wanted]] = {}
        self._searches: dict[int, asyncio.Task[None]] = {}

    def note(self, state: RoomState, event_id: str, author: str) -> None:
        """A message of the room was posted."""
        self._keep(event_id, (state.number, author, None))

    def note_change(self, state: RoomState, event: ChatEvent) -> None:
        """A message was deleted or restored."""
        body = event.body
        if isinstance(body, MessageDeleted | MessageRestored):
            known = self.get(state, body.target_id)
            author, by = (None, None) if known is None else known
            deleted_by = (by or event.sender_id) if isinstance(body, MessageDeleted) else None
            self._keep(body.target_id, (state.number, author, deleted_by))

    def _keep(self, event_id: str, noted: _Noted) -> None:
        self._young[event_id] = noted
        if len(self._young) >= self._capacity:
            self._old, self._young = self._young, {}

    def get(self, state: RoomState, event_id: str) -> Target | None:
        """Return the message, None if this node does not know it."""
        found = self._young.get(event_id) or self._old.get(event_id)
        if found is None or found[0] != state.number or found[1:] == NOTHING:
            return None
        return Target(*found[1:])

    def find(self, state: RoomState, event_id: str, on_found: OnFound) -> None:
        """Look a message up, as of now or a moment later."""
        if not ids.is_id(event_id):
            on_found(NOTHING)
            return
        wanted = _Wanted(state.room.room_id, event_id, on_found)
        self._wanted.setdefault(state.partition, []).append(wanted)
        if state.partition not in self._searches:
            search = self._search(state.partition)
            self._searches[state.partition] = asyncio.get_running_loop().create_task(search)

    async def _search(self, partition: int) -> None:
        try:
            while wanted := self._wanted.pop(partition, None):
                found = await self._look_up(partition, wanted)
                for item in wanted:
                    item.on_found(None if found is None else found.get(item[:2], NOTHING))
        finally:
            del self._searches[partition]

    async def _look_up(
        self, partition: int, wanted: list[_Wanted]
    ) -> dict[tuple[str, str], Target] | None:
        pairs = {item[:2] for item in wanted}
        try:
            known, at = await self._table.messages(partition, pairs)
            found = {pair: Target(*who) for pair, who in known.items()}
            await self._read_on(partition, at, pairs, found)
        except (psycopg.Error, psycopg_pool.PoolTimeout, LogUnavailable, OSError) as error:
            _log.warning("messages cannot be looked up: %r", error)
            return None
        return found

    async def _read_on(
        self,
        partition: int,
        at: int,
        pairs: set[tuple[str, str]],
        found: dict[tuple[str, str], Target],
    ) -> None:
        """Bring what was found from offset `at` to the head of the log."""
        rooms = {room.encode() for room, _ in pairs}
        async for records in self._log.read(partition, at, await self._log.head(partition)):
            for record in records:
                if record.key in rooms and record.value is not None:
                    self._apply(record.value, pairs, found)
            await asyncio.sleep(0)

    def _apply(
        self, value: bytes, pairs: set[tuple[str, str]], found: dict[tuple[str, str], Target]
    ) -> None:
        try:
            if self._codec.glance(value)[1] not in _KINDS:
                return
            event = self._codec.decode(value)
        except PoisonRecord:
            return
        if isinstance(event.body, MessageDeleted | MessageRestored):
            pair = (event.room_id, event.body.target_id)
            known = found.get(pair, NOTHING)
            if known != NOTHING:
                is_gone = isinstance(event.body, MessageDeleted)
                deleted_by = (known.deleted_by or event.sender_id) if is_gone else None
                found[pair] = known._replace(deleted_by=deleted_by)
        elif (pair := (event.room_id, event.event_id)) in pairs:
            found.setdefault(pair, Target(event.sender_id))
