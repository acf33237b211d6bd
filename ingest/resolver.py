"""Repeated commands whose event this node has not seen: the log of their partition knows.

One scan at a time for a partition, shared by all that wait. What is not found belongs to a node that may
still be about to write it: while its lease is there, look again; when it is gone, or has given the id up
because its command led to nothing, write it here.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from ingest.kafka import LogReader, LogUnavailable
from ingest.keys import Keys, KeysUnavailable, Reservation
from ingest.recent import RecentEvents
from ingest.writes import Write
from roomlog.partitions import partition_of
from schemas.codec import ChatEventCodec, PoisonRecord

GIVE_UP_S = 8.0
_AGAIN_S = 0.05
_log = logging.getLogger(__name__)

OnResolved = Callable[[int | None], None]
"""Gets the event's offset; None: it is not in the log and to be written here; UNKNOWN: who knows."""

UNKNOWN = -2


class _Wanted(NamedTuple):
    write: Write
    held: Reservation
    since: float
    on_resolved: OnResolved


class _Window:
    """What was read of a partition: the ids of `[start, stop)` are among the recent events, unless those
    have moved on by two generations."""

    __slots__ = ("generation", "start", "stop", "task", "wanted")

    def __init__(self) -> None:
        self.start = self.stop = self.generation = 0
        self.wanted: list[_Wanted] = []
        self.task: asyncio.Task[None] | None = None


class Resolver:
    """Finds out what became of repeated commands."""

    def __init__(
        self,
        log: LogReader,
        codec: ChatEventCodec,
        keys: Keys,
        recent: RecentEvents,
        incarnation: str,
    ) -> None:
        self._log, self._codec, self._keys = log, codec, keys
        self._recent, self._me = recent, incarnation
        self._windows: dict[int, _Window] = {}
        self._loop = asyncio.get_running_loop()

    def find(self, write: Write, held: Reservation, on_resolved: OnResolved) -> None:
        """Find the write's event, from `held.base` on, and tell what is to be done."""
        partition = partition_of(write.room_id)
        window = self._windows.setdefault(partition, _Window())
        window.wanted.append(_Wanted(write, held, self._loop.time(), on_resolved))
        if window.task is None:
            window.task = self._loop.create_task(self._search(partition, window))

    async def _search(self, partition: int, window: _Window) -> None:
        try:
            while window.wanted:
                wanted, window.wanted = window.wanted, []
                missing = await self._round(partition, window, wanted)
                if missing:
                    window.wanted = missing + window.wanted
                    await asyncio.sleep(_AGAIN_S)
        finally:
            window.task = None

    async def _round(self, partition: int, window: _Window, wanted: list[_Wanted]) -> list[_Wanted]:
        """Read on to the head; return what has to be looked for again."""
        # Before the log is read: an owner that was gone by then writes nothing after that.
        living = await self._keys.living({w.held.owner for w in wanted} - {self._me})
        try:
            found = await self._scan(partition, window, wanted)
        except LogUnavailable as error:
            _log.warning("repeated commands cannot be resolved: %s", error)
            found = {}
            living |= {w.held.owner for w in wanted}
        missing = []
        for item in wanted:
            if (offset := found.get(item.write.event_id)) is not None:
                item.on_resolved(offset)
            elif not await self._take_over(item, living):
                missing.append(item)
        return missing

    async def _take_over(self, item: _Wanted, living: set[str]) -> bool:
        """Decide about an event that is not in the log; False: look again."""
        write, held, lives = item.write, item.held, item.held.owner in living
        try:
            mine = held.owner == self._me or await self._keys.take_over(write, held, lives=lives)
        except KeysUnavailable:
            mine = not lives
        if mine:
            item.on_resolved(None)
            return True
        if self._loop.time() - item.since > GIVE_UP_S:
            item.on_resolved(UNKNOWN)
            return True
        return False

    async def _scan(self, partition: int, window: _Window, wanted: list[_Wanted]) -> dict[str, int]:
        ids = {w.write.event_id for w in wanted}
        found = {i: offset for i in ids if (offset := self._recent.get(i)) is not None}
        start = min(w.held.base for w in wanted)
        head = await self._log.head(partition)
        still_there = self._recent.generation <= window.generation + 1
        if still_there and window.start <= start <= window.stop:
            start = window.stop
        else:
            window.start, window.generation = start, self._recent.generation
        async for events in event_ids(self._log, self._codec, partition, start, head):
            for event_id, offset in events:
                self._recent.put(event_id, offset)
                if event_id in ids:
                    found.setdefault(event_id, offset)
        window.stop = max(start, head)
        return found


async def event_ids(
    log: LogReader, codec: ChatEventCodec, partition: int, start: int, stop: int
) -> AsyncIterator[list[tuple[str, int]]]:
    """Yield the ids of a partition's events in `[start, stop)` with their offsets, some at a time.

    Records that cannot be read have none. Raises LogUnavailable.
    """
    async for records in log.read(partition, start, stop):
        yield [
            (event_id, record.offset)
            for record in records
            if (event_id := _event_id(codec, record.value)) is not None
        ]
        await asyncio.sleep(0)  # a long read leaves room for others


def _event_id(codec: ChatEventCodec, value: bytes | None) -> str | None:
    try:
        return codec.glance(value or b"")[0]
    except PoisonRecord:
        return None
