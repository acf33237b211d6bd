"""From the log into the read models: one batch is written while the next is read and decoded."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

from projector.batch import Batch, Place, add_chat_events, add_reads, add_signals, add_user_events
from projector.dead_letters import Record
from projector.kafka import DeadLetters, Records, Source
from projector.pacing import MAX_BATCH_EVENTS, OFFSETS_ALONE_AFTER_S
from projector.postgres import ReadModels
from projector.session import Inapplicable
from projector.worker import Worker
from roomlog import metrics
from roomlog.topics import CHAT_EVENTS, CHAT_READS, USER_EVENTS
from schemas.registry import Codecs

_IDLE_POLL_S = 0.5
# So many records are decoded before the event loop serves its sockets again.
_SLICE = 2_000

Refused = Mapping[tuple[str, int, int], str]

log = logging.getLogger(__name__)


class Projector(Worker):
    """Projects what `source` reads."""

    FENCED = metrics.PROJECTOR_FENCED

    def __init__(
        self,
        source: Source,
        models: ReadModels,
        letters: DeadLetters,
        codecs: Codecs,
        thread: Executor,
    ) -> None:
        super().__init__(source, models, thread)
        self._models, self._letters, self._codecs = models, letters, codecs
        self._writing: asyncio.Task[None] | None = None
        self._held: dict[Place, int] = {}
        self._written_at = float("-inf")

    async def _turn(self) -> None:
        if self._source.unplaced:
            await self._settle()
            await self._place()
        generation = self._source.generation
        records = await self._source.poll(MAX_BATCH_EVENTS, _IDLE_POLL_S)
        batch = await self._decoded(records)
        await self._settle()
        if generation == self._source.generation:
            self._submit(batch, records)

    def _submit(self, batch: Batch, records: Records) -> None:
        """Begin to write a batch, unless it only moves the offsets of signals: those can wait a little."""
        now = time.monotonic()
        batch.ends = {**self._held, **batch.ends}
        idle = not batch.events and not batch.presence
        if not batch.ends or (idle and now - self._written_at < OFFSETS_ALONE_AFTER_S):
            self._held = batch.ends
            return
        self._held = {}
        self._written_at = now
        self._writing = asyncio.create_task(self._write(batch, records, self._source.generation))

    async def _write(self, batch: Batch, records: Records, generation: int) -> None:
        try:
            await self._commit(batch, generation)
        except Inapplicable as error:
            log.warning("looking for the event that PostgreSQL refuses: %s", error)
            flat = [record for some in records.values() for record in some]
            await self._write_halves(flat, generation, str(error))

    async def _write_halves(self, records: Sequence[Record], generation: int, reason: str) -> None:
        """Write records of which at least one is refused; it is tried once for each halving."""
        if len(records) == 1:
            only = records[0]
            refused = {(only.topic, only.partition, only.offset): reason}
            await self._commit(await self._decoded(_by_place(records), refused), generation)
            return
        middle = len(records) // 2
        for half in (records[:middle], records[middle:]):
            try:
                await self._commit(await self._decoded(_by_place(half)), generation)
            except Inapplicable as error:
                await self._write_halves(half, generation, str(error))

    async def _commit(self, batch: Batch, generation: int) -> None:
        if generation != self._source.generation:
            return  # the group took partitions away; whoever has them now reads this again
        starts = {place: self._source.next[place] for place in batch.ends}
        await self._letters.write(batch.dead)
        with metrics.PROJECTOR_COMMIT_SECONDS.time():
            await self._call(self._models.write, batch, starts)
        if generation == self._source.generation:
            self._source.next.update(batch.ends)
        self.progress += sum(end - starts[place] for place, end in batch.ends.items())
        metrics.PROJECTOR_EVENTS.inc(batch.events)
        metrics.PROJECTOR_BATCH_EVENTS.observe(batch.events)

    async def _decoded(self, records: Records, refused: Refused | None = None) -> Batch:
        batch = Batch()
        now_ms = time.time_ns() // 1_000_000
        by_topic: dict[str, list[Record]] = {}
        for place, some in records.items():
            by_topic.setdefault(place.topic, []).extend(some)
            batch.ends[place] = some[-1].offset + 1
        for topic, all_of_topic in by_topic.items():
            for first in range(0, len(all_of_topic), _SLICE):
                some = all_of_topic[first : first + _SLICE]
                self._add(batch, topic, some, now_ms, refused)
                if len(some) == _SLICE:
                    await asyncio.sleep(0)
        return batch

    def _add(
        self, batch: Batch, topic: str, some: Sequence[Record], now_ms: int, refused: Refused | None
    ) -> None:
        if topic == CHAT_EVENTS:
            add_chat_events(batch, some, self._codecs.chat_events, now_ms, refused)
        elif topic == USER_EVENTS:
            decode = self._codecs.user_events.decode_fields
            add_user_events(batch, some, decode, now_ms, refused)
        elif topic == CHAT_READS:
            decode = self._codecs.chat_reads.decode_fields
            add_reads(batch, some, decode, now_ms, refused)
        elif bad := add_signals(batch, some, self._codecs.chat_signals.decode_fields):
            log.warning("skipped %s unreadable signals", bad)

    async def _settle(self) -> None:
        if self._writing is not None:
            writing, self._writing = self._writing, None
            await writing

    async def _begin_again(self) -> None:
        if self._writing is not None:
            await asyncio.wait([self._writing])
            self._writing.exception()  # whatever it was: the stored offsets tell what counts
            self._writing = None
        self._held = {}
        await super()._begin_again()


def _by_place(records: Sequence[Record]) -> Records:
    found: dict[Place, list[Record]] = {}
    for record in records:
        found.setdefault(Place(record.topic, record.partition), []).append(record)
    return dict(found)
