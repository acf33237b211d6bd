"""Faust, fed one message per topic and fetch instead of one per record.

Plain Faust spends 110-135 us on each record, and still 250 us on each run of records: several awaits,
tasks and an ack. Here a scheduler hands it one synthetic message for all that a fetch brought of a topic;
its value is a list of runs, one a partition, of raw records. Whether that loses anything rests on these
details, checked by tests/integration/test_streams_coalesce.py with kill -9:

- What is read is noted for every partition of the message with its LAST offset. With the first one's,
  records are lost after a seek into the middle of a run.
- After a seek a fetched run may begin before what was read; it is trimmed to what is new.
- `ack` takes note of the last record of every run, and `_new_offset` commits what was acked last. That is
  right because messages are acked in the order in which they were handed out, each after its work is
  done (agents use `noack` and ack by hand), and because every rebalance seeks back to what was committed.
- `_add_gap` does nothing: the gaps between synthetic messages are no gaps, and keeping an interval tree of
  them took half of the CPU.

Rests on the internals of faust-streaming 0.15.3, hence the exact pin in pyproject.toml. Its compiled
stream inlines the ack of streams without `noack`; those must not be used here.
"""

import time
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any

import aiokafka
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from faust.transport.utils import DefaultSchedulingStrategy, TopicBuffer
from faust.types import TP

from roomlog.fetching import Spacing

FETCH_MAX_WAIT_MS = 1_000
"""How long the broker holds an empty fetch; Faust's 1,500 delays the first fetch after a seek by as much."""

SHORTEST_PACE_S = 0.003
LONGEST_PACE_S = 0.010
"""Time between two fetches."""

_PACE_FOR_RECORDS_PER_S = 1e-6
"""3,000 records a second and less: 3 ms; 5,000: 5 ms; 10,000 and more: 10 ms."""

CALM_PACE_S = 0.4
"""The same where nobody waits for deliveries, and there are not so many that they are better taken in soon."""
_CALM_BELOW_S = 0.005

# Each commit would draw a table of all offsets for a line that no log has: half of what a commit costs.
faust_consumer.terminal = SimpleNamespace(logtable=lambda *_, **__: "")  # type: ignore[attr-defined,assignment]

Run = tuple[int, list[Any]]
"""A partition's number, and records of it in the log's order."""


def pace_s(records_per_s: float, hurried: bool) -> float:
    """Return how long after the beginning of a fetch the next one should begin, in seconds."""
    wanted = records_per_s * _PACE_FOR_RECORDS_PER_S
    if not hurried and wanted < _CALM_BELOW_S:
        return CALM_PACE_S
    return min(max(wanted, SHORTEST_PACE_S), LONGEST_PACE_S)


class Batch:
    """What a fetch brought of one topic in the clothes of one record; its `value` is a list of runs."""

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

    def __init__(self, topic: str, runs: list[Run]) -> None:
        number, records = runs[0]
        last = records[-1]
        self.topic = topic
        self.partition = number
        self.offset = last.offset
        self.timestamp = last.timestamp
        self.timestamp_type = last.timestamp_type
        self.value = runs
        self.headers = ()
        self.key = self.checksum = None
        self.serialized_key_size = self.serialized_value_size = 0


class CoalescingScheduler(DefaultSchedulingStrategy):
    """Hands out one Batch for each topic of a fetch."""

    @classmethod
    def map_from_records(cls, records: Mapping[TP, list[Any]]) -> dict[str, TopicBuffer]:
        """Return, by topic, what Faust will iterate over."""
        runs: dict[str, list[Run]] = {}
        for tp, run in records.items():
            if run:
                runs.setdefault(tp.topic, []).append((tp.partition, run))
        index = {}
        for topic, found in runs.items():
            index[topic] = buffer = TopicBuffer()
            buffer.add(TP(topic, found[0][0]), [Batch(topic, found)])
        return index


class CoalescingConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, with fetches that wait for more where there is much."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.spacing = Spacing(SHORTEST_PACE_S)

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS
        return consumer

    async def on_start(self) -> None:
        """Start the client."""
        await super().on_start()
        self.spacing.keep(self._ensure_consumer()._fetcher)

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


class CoalescingConsumer(driver.Consumer):
    """Faust's consumer for batches; every topic of the app is coalesced.

    Where reading begins, and what happens before the first record, is up to subclasses: `starts_at` and
    `positioned`; and whether it is in a hurry.
    """

    _thread: CoalescingConsumerThread
    _last_fetch = 0.0

    def _new_consumer_thread(self) -> CoalescingConsumerThread:
        return CoalescingConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def starts_at(self, committed: Mapping[TP, int | None]) -> dict[TP, int | None]:
        """Return the partitions to read from another offset than what was committed; None: the end."""
        return {}

    async def positioned(self, positions: Mapping[TP, int]) -> None:
        """Do what must happen after positions are set and before the first record is handed out."""

    def hurried(self) -> bool:
        """Tell whether anybody waits for what is read."""
        return True

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
        """Yield one message for each topic of a fetch, without the records that were read before."""
        async for _, message in super().getmany(timeout):
            runs: Any = message.value
            fresh = [run for run in (self._unread(message.topic, *r) for r in runs) if run[1]]
            if fresh:
                self._set_pace(sum(len(records) for _, records in fresh))
                tp = TP(message.topic, fresh[0][0])
                yield tp, self._to_message(tp, Batch(message.topic, fresh))

    def _unread(self, topic: str, number: int, records: list[Any]) -> Run:
        """Return the records that were not read yet, and note that they are now."""
        tp = TP(topic, number)
        read = self._read_offset[tp]
        if read is not None and records[0].offset < read:
            records = [record for record in records if record.offset >= read]
        if records:
            self._read_offset[tp] = records[-1].offset
        return number, records

    def _set_pace(self, count: int) -> None:
        now = time.monotonic()
        rate = count / max(now - self._last_fetch, SHORTEST_PACE_S)
        self._last_fetch = now
        wanted, spacing = pace_s(rate, self.hurried()), self._thread.spacing
        if CALM_PACE_S in (wanted, spacing.seconds):
            spacing.seconds = wanted
        else:
            spacing.seconds += (wanted - spacing.seconds) / 4

    def ack(self, message: Any) -> bool:
        """Note that the work behind a message is done; to be called in the order of messages."""
        if message.acked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        for number, records in message.value:
            self._acked[TP(message.topic, number)] = [records[-1].offset]
        return True

    def _new_offset(self, tp: TP) -> int | None:
        acked = self._acked.pop(tp, None)
        return acked[-1] + 1 if acked else None

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        pass

    async def verify_all_partitions_active(self) -> None:
        """Look for nothing: `streams.watchdog` sees a worker that stands still.

        Faust's own way asks each partition by itself, every second or so: a third of what an idle worker costs.
        """


def install(consumer: type[CoalescingConsumer]) -> None:
    """Make this class the consumer of every Faust app of the process."""
    driver.Transport.Consumer = consumer
