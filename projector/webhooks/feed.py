"""Looks through the log for what is to be sent, behind the projector, and makes rows of it."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor

from projector.behind import Follower
from projector.kafka import Source
from projector.session import Unavailable
from projector.threads import OnThread
from projector.webhooks.postgres import Queue, Refill
from roomlog import metrics
from roomlog.kafka import Log, LogUnavailable, Range

_MAX_RECORDS = 2_000
_POLL_S = 0.5
_IDLE_POLL_S = 1.0
_SKIP_EVERY_S = 10.0
_REFILL_EVERY_S = 1.0
_REFILLS_AT_ONCE = 8
_REFILL_OFFSETS = 2_000
_AWAY_S = 1.0


log = logging.getLogger(__name__)


class Feed(Follower):
    """Makes rows of what is new; `wake` is called when there are some.

    `needed` is set while there are webhooks, or may be: others need not look for work otherwise.
    """

    FENCED = metrics.WEBHOOKS_FENCED

    def __init__(
        self,
        source: Source,
        queue: Queue,
        thread: Executor,
        wake: Callable[[], None],
        needed: asyncio.Event,
    ) -> None:
        super().__init__(source, queue, thread)
        self._queue, self._wake, self._needed = queue, wake, needed
        self._needed.set()
        self._skipped_at = float("-inf")

    @property
    def is_idle(self) -> bool:
        """Whether there are no webhooks: then the log is not read at all."""
        return not self._needed.is_set()

    async def _turn(self) -> None:
        if self._source.unplaced:
            if await self._call(self._queue.has_webhooks):
                self._needed.set()
                await self._place()
            else:
                self._needed.clear()
                await self._skip()
        generation = self._source.generation
        wait_s = _IDLE_POLL_S if self.is_idle else _POLL_S
        records = await self._source.poll(_MAX_RECORDS, wait_s)
        ends = {place: some[-1].offset + 1 for place, some in records.items() if some}
        if not ends or not await self._are_projected(ends, generation):
            return
        starts = {place: self._source.next[place] for place in ends}
        plain = {
            place: [(r.partition, r.offset, r.value or b"", r.key or b"") for r in some]
            for place, some in records.items()
        }
        written = await self._call(self._queue.write, plain, ends, starts)
        if generation == self._source.generation:
            self._source.next.update(ends)
        self.progress += sum(end - starts[place] for place, end in ends.items())
        if written is None:  # no webhook is left
            self._source.forget()
        elif written:
            self._wake()

    async def _skip(self) -> None:
        now = time.monotonic()
        if now - self._skipped_at > _SKIP_EVERY_S:
            await self._call(self._queue.skip, list(self._source.unplaced))
            self._skipped_at = now


class Refills(OnThread):
    """Makes rows of what the log has, for lanes that are to go on from an earlier place; `needed` as for `Feed`."""

    def __init__(
        self,
        queue: Queue,
        thread: Executor,
        log_: Log,
        wake: Callable[[], None],
        needed: asyncio.Event,
    ) -> None:
        super().__init__(thread)
        self._queue, self._log, self._wake, self._needed = queue, log_, wake, needed

    async def run(self) -> None:
        """Look again and again, for ever; while PostgreSQL or Kafka is away nothing is refilled."""
        is_connected = False
        while True:
            await self._needed.wait()
            found: list[Refill] = []
            try:
                if not is_connected:
                    await self._call(self._queue.connect)
                    is_connected = True
                found = await self._call(self._queue.refills, _REFILLS_AT_ONCE)
                for lane in found:
                    await self._refill(lane)
            except Unavailable as error:
                is_connected = False
                log.warning("PostgreSQL is away, nothing is refilled: %s", error)
                await asyncio.sleep(_AWAY_S)
            except LogUnavailable as error:
                log.warning("nothing can be read again now: %s", error)
                await asyncio.sleep(_AWAY_S)
            if not found:
                await asyncio.sleep(_REFILL_EVERY_S)

    async def _refill(self, lane: Refill) -> None:
        end = max(lane.start, min(lane.next, lane.start + _REFILL_OFFSETS))
        records: list[tuple[int, int, bytes]] = []
        async for chunk in self._log.read(Range(lane.partition, lane.start, end)):
            pairs = zip(chunk.offsets, chunk.values, strict=True)
            records += ((lane.partition, offset, value) for offset, value in pairs)
        await self._call(self._queue.refill, lane, records, end)
        self._wake()
