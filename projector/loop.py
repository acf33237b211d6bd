"""From the log into the read models: one batch is written while the next is read and decoded."""

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import Executor

from projector.batch import Batch, Place
from projector.dead_letters import Record
from projector.decode import Refused, add_records, by_place, write_halves
from projector.kafka import DeadLetters, Records, Source
from projector.pacing import MAX_BATCH_EVENTS, OFFSETS_ALONE_AFTER_S
from projector.postgres import ReadModels
from projector.session import Inapplicable
from projector.worker import Worker
from roomlog import metrics
from roomlog.topics import CHAT_EVENTS
from roomlog.tracing import Span, Tracing, begun
from schemas.registry import Codecs

_IDLE_POLL_S = 0.5
# So many records are decoded before the event loop serves its sockets again.
_SLICE = 4_000

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
        tracing: Tracing | None = None,
    ) -> None:
        super().__init__(source, models, thread)
        self._tracing = tracing
        self._models, self._letters, self._codecs = models, letters, codecs
        self._writing: asyncio.Task[None] | None = None
        self._held: dict[Place, int] = {}
        self._written_at = float("-inf")
        source.settle = self._written

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
        spans: list[Span] = []
        if self._tracing is not None:
            spans = [s for some in records.values() for s in begun(self._tracing, "project", some)]
        problem: str | None = "not committed; it is read again"
        try:
            await self._write_all(batch, records, generation)
            if generation == self._source.generation:
                problem = None
        finally:
            for span in spans:
                span.end(problem)
        _time(records)

    async def _write_all(self, batch: Batch, records: Records, generation: int) -> None:
        try:
            await self._commit(batch, generation)
        except Inapplicable as error:
            log.warning("looking for the event that PostgreSQL refuses: %s", error)

            async def write(some: Sequence[Record], refused: Refused | None) -> None:
                await self._commit(await self._decoded(by_place(some), refused), generation)

            flat = [record for some in records.values() for record in some]
            await write_halves(flat, write, str(error))

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
                add_records(batch, self._codecs, topic, some, now_ms, refused)
                if len(some) == _SLICE:
                    await asyncio.sleep(0)
        return batch

    async def _settle(self) -> None:
        if self._writing is not None:
            try:
                await self._writing
            finally:
                self._writing = None

    async def _written(self) -> None:
        """Wait for the batch that is being written, whatever becomes of it."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _begin_again(self) -> None:
        await self._written()
        if self._writing is not None:
            self._writing.exception()  # whatever it was: the stored offsets tell what counts
            self._writing = None
        self._held = {}
        await super()._begin_again()


def _time(records: Records) -> None:
    """Count how long the first record of a batch took from the log into the tables."""
    now_ms = time.time_ns() // 1_000_000
    firsts = [some[0].timestamp for place, some in records.items() if place.topic == CHAT_EVENTS]
    if firsts:
        metrics.PROJECTION_SECONDS.observe(max(0, now_ms - min(firsts)) / 1_000)
