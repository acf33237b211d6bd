"""The log into the new tables: the projector's own batches, but larger, without waiting, and in silence.

Nothing but the tables changes: what is refused here has its dead letter since the live projector met it.
"""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self

import tenacity
from msgspec import Struct

from projector.batch import Batch, Place
from projector.dead_letters import Record
from projector.decode import Refused, add_records, by_place, write_halves
from projector.postgres import ReadModels
from projector.rebuild.shadow import APPLICATION, Offsets
from projector.session import Inapplicable, Unavailable
from roomlog import letters
from roomlog.kafka import Chunk, Log, Range
from roomlog.workers import OnProgress
from schemas.registry import Codecs, Resolved

BATCH = 10_000
_ATTEMPTS = 5


class NewModels(ReadModels):
    """The session that writes the new tables; those of one name end each other when frozen."""

    APPLICATION = APPLICATION


class Raw(Struct, gc=False):
    """A record as it was read of the log."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    timestamp: int = 0
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


class Plan(Struct, frozen=True):
    """From where and into which tables.

    `refused` are places whose events are not applied, `skipped` those that are passed over altogether.
    """

    brokers: str
    dsn: str
    resolved: Mapping[str, Resolved]
    refused: Refused
    skipped: frozenset[letters.Place]


class Part(NamedTuple):
    """A range of one topic."""

    topic: str
    range: Range


class Loaded(Struct):
    """What a load came to: records, and how many of them were refused."""

    records: int = 0
    refused: int = 0

    def add(self, other: "Loaded") -> None:
        """Add another's."""
        self.records += other.records
        self.refused += other.refused


class Loader:
    """Brings the new tables forward, any partition to any offset; an async context manager.

    Raises LogUnavailable, Unavailable (after some attempts) or Fenced.
    """

    def __init__(self, plan: Plan, topics: Collection[str]) -> None:
        self._plan = plan
        self._codecs = Codecs.of(plan.resolved)
        self._models = NewModels(plan.dsn)
        self._logs = {topic: Log(plan.brokers, topic) for topic in topics}
        self._next: Offsets = {}
        self.loaded = Loaded()

    async def __aenter__(self) -> Self:
        self._models.connect()
        for log in self._logs.values():
            await log.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for log in self._logs.values():
            await log.__aexit__(kind, error, traceback)
        self._models.close()

    async def load(self, part: Part, on_progress: OnProgress) -> None:
        """Load a range that begins where the tables are."""
        place = Place(part.topic, part.range.partition)
        self._next |= self._models.offsets([place])
        async for chunk in self._logs[part.topic].read(part.range):
            await self._write(place, self._records(part.topic, chunk), chunk.next)
            on_progress(chunk.next - part.range.start)

    async def advance(self, ends: Mapping[Place, int]) -> int:
        """Bring the tables to these offsets; return how many there were in between."""
        self._next = self._models.offsets(ends)
        ahead = {place: end for place, end in ends.items() if end > self._next[place]}
        parts = [Part(p.topic, Range(p.partition, self._next[p], end)) for p, end in ahead.items()]
        total = sum(part.range.size for part in parts)
        if total > BATCH or not await self._advance_together(parts, ahead):
            for part in parts:
                await self.load(part, lambda _: None)
        return total

    async def _advance_together(self, parts: Sequence[Part], ends: Offsets) -> bool:
        """Load little of many partitions in one transaction; False where something in it is refused."""
        read = await asyncio.gather(*map(self._all_of, parts))
        try:
            self._commit(self._decoded([r for some in read for r in some], None), ends)
        except Inapplicable:
            return False
        return True

    async def _all_of(self, part: Part) -> list[Raw]:
        chunks = self._logs[part.topic].read(part.range)
        return [r async for chunk in chunks for r in self._records(part.topic, chunk)]

    def _records(self, topic: str, chunk: Chunk) -> list[Raw]:
        records = [
            Raw(topic, chunk.partition, offset, value)
            for offset, value in zip(chunk.offsets, chunk.values, strict=True)
        ]
        if skipped := self._plan.skipped:
            return [r for r in records if (topic, r.partition, r.offset) not in skipped]
        return records

    async def _write(self, place: Place, records: Sequence[Raw], following: int) -> None:
        """Write the records of a chunk, after which the partition goes on at `following`."""
        for first in range(0, len(records) or 1, BATCH):
            some = records[first : first + BATCH]
            last = first + BATCH >= len(records)
            await self._write_batch(place, some, following if last else some[-1].offset + 1)

    async def _write_batch(self, place: Place, records: Sequence[Raw], following: int) -> None:
        try:
            self._commit(self._decoded(records, None), {place: following})
        except Inapplicable as error:

            async def write(some: Sequence[Record], refused: Refused | None) -> None:
                end = following if some[-1] is records[-1] else some[-1].offset + 1
                self._commit(self._decoded(some, refused), {place: end})

            await write_halves(records, write, str(error))

    def _decoded(self, records: Sequence[Record], refused: Refused | None) -> Batch:
        batch, now_ms = Batch(), time.time_ns() // 1_000_000
        known = {**self._plan.refused, **(refused or {})}
        for place, some in by_place(records).items():
            add_records(batch, self._codecs, place.topic, some, now_ms, known)
        return batch

    def _commit(self, batch: Batch, ends: Offsets) -> None:
        batch.ends = ends
        self._stored(batch)
        self._next.update(ends)
        self.loaded.add(Loaded(batch.events, len(batch.dead)))

    def _stored(self, batch: Batch) -> None:
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Unavailable),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=2),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            before_sleep=lambda _: self._models.connect(),
            reraise=True,
        )
        attempts(self._models.write, batch, {place: self._next[place] for place in batch.ends})


def load(plan: Plan, part: Part, on_progress: OnProgress) -> Loaded:
    """Load one range, in whatever process this runs; raises as Loader does."""
    return asyncio.run(_load(plan, part, on_progress))


async def _load(plan: Plan, part: Part, on_progress: OnProgress) -> Loaded:
    async with Loader(plan, [part.topic]) as loader:
        await loader.load(part, on_progress)
        return loader.loaded
