"""The indexer, `roomlog indexer`: what the projector has written becomes searchable, behind it.

It reads the same log with a consumer group of its own, only to learn which messages are new or have changed, and
indexes them as the read models have them by then: who was allowed to say or to edit what is decided in one place.
So it may index a message more than once, and is right every time.
"""

import asyncio
import os
from concurrent.futures import Executor, ThreadPoolExecutor

from projector import service
from projector.behind import Follower
from projector.changed import Changed, add_records
from projector.kafka import Source
from projector.search import SearchIndex
from roomlog import metrics
from roomlog.settings import Settings
from roomlog.topics import CHAT_EVENTS
from schemas.codec import ChatEventCodec
from schemas.registry import Registry

GROUP = "roomlog-indexer"
DEFAULT_METRICS_PORT = 8401
_MAX_RECORDS = 2_000
_IDLE_POLL_S = 0.5
# How long to gather: a fetch and a transaction cost about as much as a hundred messages.
_FETCH_EVERY_S = 1.0
# Whoever searches reads the list of words that are not merged from one end to the other: it is kept to some 500 kB.
# But while there is much to catch up with, to the 4 MB at which PostgreSQL merges it: each merge costs the less a
# message, the more there are.
_MERGE_AFTER = 1_000
# Whoever talks comes first: under full load the index waits.
_NICENESS = 10


def main() -> None:
    """Run an indexer until SIGTERM or SIGINT; exits 1 with a message where it cannot go on."""
    os.nice(_NICENESS)
    service.main("indexer", run)


async def run(settings: Settings) -> None:
    """Index the messages of `settings.postgres` until a signal says to stop.

    Raises RegistryError, WrongSchema, ForeignLog, Stuck, KafkaError or TimeoutError.
    """
    codecs = await asyncio.to_thread(Registry(settings.registry, settings.data).codecs)
    source = Source(settings.kafka, GROUP, (CHAT_EVENTS,), _FETCH_EVERY_S)
    index = SearchIndex(settings.postgres)
    with ThreadPoolExecutor(1, "postgres") as thread:
        indexer = Indexer(source, index, codecs.chat_events, thread)
        try:
            lag = metrics.INDEXER_LAG
            await service.work(settings, DEFAULT_METRICS_PORT, source, indexer, lag)
        finally:
            index.close()


class Indexer(Follower):
    """Indexes what `source` reads."""

    FENCED = metrics.INDEXER_FENCED

    def __init__(
        self, source: Source, index: SearchIndex, codec: ChatEventCodec, thread: Executor
    ) -> None:
        super().__init__(source, index, thread)
        self._index, self._codec = index, codec
        self._has_stale_rooms = True
        self._unmerged = 0

    async def _turn(self) -> None:
        if self._source.unplaced:
            await self._place()
            self._has_stale_rooms = True
        if self._has_stale_rooms:
            self._has_stale_rooms = await self._call(self._index.reindex_some)
        generation = self._source.generation
        wait_s = 0.0 if self._has_stale_rooms else _IDLE_POLL_S
        records = await self._source.poll(_MAX_RECORDS, wait_s)
        changed = Changed()
        add_records(changed, records, self._codec)
        if changed.ends and await self._are_projected(changed.ends, generation):
            await self._write(changed, generation)
        has_caught_up = sum(map(len, records.values())) < _MAX_RECORDS
        if has_caught_up and self._unmerged >= _MERGE_AFTER:
            await self._call(self._index.merge)
            self._unmerged = 0

    async def _write(self, changed: Changed, generation: int) -> None:
        starts = {place: self._source.next[place] for place in changed.ends}
        with metrics.INDEXER_COMMIT_SECONDS.time():
            indexed = await self._call(self._index.write, changed, starts)
        if generation == self._source.generation:
            self._source.next.update(changed.ends)
        self.progress += sum(end - starts[place] for place, end in changed.ends.items())
        self._has_stale_rooms |= bool(changed.rooms)
        self._unmerged += indexed
        metrics.INDEXER_MESSAGES.inc(indexed)
