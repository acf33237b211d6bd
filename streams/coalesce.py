"""Faust, fed one message per partition and fetch instead of one per record.

Plain Faust spends 110-135 us on each record (several awaits and an ack). Here a scheduler hands it one
synthetic message for a run of records, whose value is the list of raw records. Whether that loses
anything rests on four details, each checked by tests/integration/test_streams_coalesce.py with kill -9:

- The synthetic message carries the offset of its LAST record. With the first one's, Faust drops the whole
  message after a seek into the middle of it.
- After a seek a fetched run may begin before what was read; `getmany` trims it to the records at or after
  `_read_offset`.
- `_new_offset` commits up to the last acked message before the first one that is still being processed.
  Faust's own rule wants consecutive offsets, which messages that stand for many do not have.
- `_add_gap` does nothing: the gaps between synthetic messages are no gaps, and keeping an interval tree of
  them took half of the CPU.

Rests on the internals of faust-streaming 0.15.3, hence the exact pin in pyproject.toml. The compiled
stream inlines the ack, so `_acked` is the only place where acks can be seen.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import aiokafka
from faust.transport.drivers import aiokafka as driver
from faust.transport.utils import DefaultSchedulingStrategy, TopicBuffer
from faust.types import TP

FETCH_MAX_WAIT_MS = 250
"""How long the broker holds an empty fetch; Faust's 1,500 delays the first fetch after a seek by as much."""


FETCH_EVERY_S = 0.002
"""Time between two fetches at least. A fetch of 48 partitions costs 0.7 ms of CPU however little it brings."""


class Batch:
    """A run of records of one partition in the clothes of one record; its `value` is the run."""

    __slots__ = (
        "checksum",
        "headers",
        "key",
        "offset",
        "partition",
        "serialized_key_size",
        "serialized_value_size",
        "timestamp",
        "timestamp_type",
        "topic",
        "value",
    )

    def __init__(self, tp: TP, records: Sequence[Any]) -> None:
        last = records[-1]
        self.topic = tp.topic
        self.partition = tp.partition
        self.offset = last.offset
        self.timestamp = last.timestamp
        self.timestamp_type = last.timestamp_type
        self.value = records
        self.headers = ()
        self.key = self.checksum = None
        self.serialized_key_size = self.serialized_value_size = 0


class CoalescingScheduler(DefaultSchedulingStrategy):
    """Hands out one Batch for each partition of a fetch."""

    @classmethod
    def map_from_records(cls, records: Mapping[TP, list[Any]]) -> dict[str, TopicBuffer]:
        """Return, by topic, what Faust will iterate over."""
        index: dict[str, TopicBuffer] = {}
        for tp, run in records.items():
            if run:
                index.setdefault(tp.topic, TopicBuffer()).add(tp, [Batch(tp, run)])
        return index


class CoalescingConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread with a short wait for fetches."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS
        return consumer

    async def on_start(self) -> None:
        """Start the client."""
        await super().on_start()
        fetcher = self._ensure_consumer()._fetcher
        fetcher._proc_fetch_request = _paced(fetcher._proc_fetch_request)

    async def seek_all(self, wanted: dict[TP, int | None], first: set[TP]) -> dict[TP, int]:
        """Seek to the wanted offsets (None: the log's end) and to the log's beginning; return all."""
        offsets: dict[TP, int] = await self.call_thread(self._seek_all, wanted, first)
        return offsets

    async def _seek_all(self, wanted: dict[TP, int | None], first: set[TP]) -> dict[TP, int]:
        consumer = self._ensure_consumer()
        offsets = {tp: offset for tp, offset in wanted.items() if offset is not None}
        if last := wanted.keys() - offsets.keys():
            offsets |= await consumer.end_offsets(last)
        if first:
            offsets |= await consumer.beginning_offsets(first)
        for tp, offset in offsets.items():
            consumer.seek(tp, offset)
        return {TP(*tp): offset for tp, offset in offsets.items()}


def _paced(fetch: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
    """Let a fetch wait until FETCH_EVERY_S after the one before; after a quiet time it does not wait."""
    last = 0.0

    async def paced(*arguments: Any) -> bool:
        nonlocal last
        if (wait := last + FETCH_EVERY_S - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        last = time.monotonic()
        return await fetch(*arguments)

    return paced


class CoalescingConsumer(driver.Consumer):
    """Faust's consumer for batches; every topic of the app is coalesced.

    Where reading begins, and what happens before the first record, is up to subclasses: `starts_at` and
    `positioned`.
    """

    _thread: CoalescingConsumerThread

    def _new_consumer_thread(self) -> CoalescingConsumerThread:
        return CoalescingConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def starts_at(self, committed: Mapping[TP, int | None]) -> dict[TP, int | None]:
        """Return the partitions to read from another offset than what was committed; None: the end."""
        return {}

    async def positioned(self, positions: Mapping[TP, int]) -> None:
        """Do what must happen after positions are set and before the first record is handed out."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek to what was committed, to the beginning where nothing was, and return the positions."""
        committed = {TP(*tp): at for tp, at in (await super().seek_to_committed()).items()}
        wanted = self.starts_at(committed)
        first = {tp for tp, offset in committed.items() if not offset} - wanted.keys()
        return {**committed, **await self._thread.seek_all(wanted, first)}

    async def perform_seek(self) -> None:
        """Set all positions anew, as Faust does before it resumes after a rebalance."""
        await super().perform_seek()
        await self.positioned({tp: at for tp, at in self._read_offset.items() if at is not None})

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """Yield the batches of one fetch, without the records that were read before."""
        async for tp, message in super().getmany(timeout):
            run: Any = message.value
            read = self._read_offset[tp]
            if read is None or run[0].offset >= read:
                yield tp, message
            elif rest := [r for r in run if r.offset >= read]:
                yield tp, self._to_message(tp, Batch(tp, rest))

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        pass

    def _new_offset(self, tp: TP) -> int | None:
        acked = self._acked[tp]
        if not acked:
            return None
        pending = self._first_pending(tp)
        done = [offset for offset in acked if pending is None or offset < pending]
        if not done:
            return None
        acked[:] = [offset for offset in acked if pending is not None and offset >= pending]
        self._acked_index[tp].difference_update(done)
        return max(done) + 1

    def _first_pending(self, tp: TP) -> int | None:
        # What an earlier generation left unprocessed was cleared and is read again.
        current = self.app.consumer_generation_id
        open_messages = list(self._unacked_messages)
        return min(
            (m.offset for m in open_messages if m.tp == tp and m.generation_id == current),
            default=None,
        )


def install(consumer: type[CoalescingConsumer]) -> None:
    """Make this class the consumer of every Faust app of the process."""
    driver.Transport.Consumer = consumer
