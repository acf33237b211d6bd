"""Writes go into the log: one lane a partition, batches of whatever is waiting, acked in their order.

At most two batches of a lane are on their way. A batch whose outcome is not known (error 45, a timeout,
a partition without a leader) stops every lane: aiokafka's idempotent producer is then of no more use
for that partition. The producer is replaced, the log is read to see which of the doubtful events it has,
and the others are sent again before anything that came after them.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from ingest.kafka import EVENTS_TOPIC, LogReader, LogUnavailable, abandon, start_producer
from ingest.writes import Write
from roomlog import metrics
from roomlog.partitions import PARTITIONS
from schemas.codec import ChatEventCodec, PoisonRecord

MAX_PENDING_BYTES = 32 * 1024 * 1024
ANSWER_WITHIN_S = 8.0
_IN_FLIGHT = 2
_BATCH_EVENTS = 2_000
_BATCH_TIMEOUT_S = 15.0
_RESTART_S = (0.1, 0.2, 0.5, 1.0, 2.0)

_log = logging.getLogger(__name__)

OnStored = Callable[[int, int, list[Write]], None]
OnDropped = Callable[[list[Write]], None]


class Batch(NamedTuple):
    """Writes that travel together; `records` of them are new to the log.

    `since` is an offset at or before theirs, taken before they were sent.
    """

    writes: list[Write]
    records: int
    since: int


class Lane:
    """The writes of one partition: waiting, on their way, and of unknown outcome."""

    __slots__ = ("doubtful", "partition", "sent", "waiting")

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.waiting: deque[Write] = deque()
        self.sent: deque[Batch] = deque()
        self.doubtful: list[Batch] = []


class Lanes:
    """Writes in, stored writes out; see the module.

    `on_stored` gets the partition, the offset of the first new record, and the writes with their offsets,
    in the order of the log; `on_dropped` those that nobody
    waits for any more and that are not in the log.
    """

    def __init__(
        self,
        brokers: str,
        log: LogReader,
        codec: ChatEventCodec,
        heads: list[int],
        on_stored: OnStored,
        on_dropped: OnDropped,
    ) -> None:
        self._brokers, self._log, self._codec = brokers, log, codec
        self.heads = heads
        """Per partition an offset that the log had reached when this node looked last."""
        self._on_stored, self._on_dropped = on_stored, on_dropped
        self._lanes = [Lane(p) for p in range(PARTITIONS)]
        self._ready: dict[int, Lane] = {}
        self._loop = asyncio.get_running_loop()
        self._scheduled = False
        self._producer: AIOKafkaProducer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._recovery: asyncio.Task[None] | None = None
        self.pending_bytes = 0

    async def start(self) -> None:
        """Connect; raises KafkaError when no broker answers."""
        self._producer = await start_producer(self._brokers, "all", idempotent=True)

    async def stop(self) -> None:
        """Disconnect; what is still pending is left to the clients' retries."""
        if self._recovery is not None:
            self._recovery.cancel()
        if self._producer is not None:
            await abandon(self._producer)

    @property
    def is_full(self) -> bool:
        """Whether so much is pending that new writes are better refused."""
        return self.pending_bytes >= MAX_PENDING_BYTES

    @property
    def is_idle(self) -> bool:
        """Whether nothing is pending."""
        return not any(lane.waiting or lane.sent or lane.doubtful for lane in self._lanes)

    def put(self, partition: int, write: Write) -> None:
        """Queue a write; what is queued in one turn of the event loop travels together."""
        lane = self._lanes[partition]
        lane.waiting.append(write)
        if write.value is not None:
            self.pending_bytes += len(write.value)
        self._ready[partition] = lane
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._launch_ready)

    def expire(self, now: float) -> list[Write]:
        """Return the writes that wait for too long at `now` and take back those that were not sent."""
        late: list[Write] = []
        deadline = now - ANSWER_WITHIN_S
        for lane in self._lanes:
            for batch in (*lane.sent, *lane.doubtful):
                late += [w for w in batch.writes if w.reply and w.received_at < deadline]
            dropped = _take_old(lane.waiting, deadline)
            self._forget_bytes(dropped)
            late += dropped
            if dropped:
                self._on_dropped(dropped)
        return late

    def _forget_bytes(self, writes: list[Write]) -> None:
        self.pending_bytes -= sum(len(w.value) for w in writes if w.value is not None)

    def _launch_ready(self) -> None:
        self._scheduled = False
        if self._recovery is not None or self._producer is None:
            return
        ready, self._ready = self._ready, {}
        for lane in ready.values():
            self._launch(lane)

    def _launch(self, lane: Lane) -> None:
        while lane.waiting and len(lane.sent) < _IN_FLIGHT:
            if self._recovery is not None or self._producer is None:
                return
            builder, batch = _fill(self._producer, lane.waiting, self.heads[lane.partition])
            if (
                not batch.records and lane.sent
            ):  # only what is there already: not before the one ahead
                lane.waiting.extendleft(reversed(batch.writes))
                return
            lane.sent.append(batch)
            if batch.records:
                task = self._loop.create_task(self._send(lane, builder, batch))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                self._stored(lane, batch, 0)

    async def _send(self, lane: Lane, builder: Any, batch: Batch) -> None:
        begun = self._loop.time()
        try:
            base = await self._produce(lane, builder)
        except (KafkaError, TimeoutError, OSError) as error:
            self._doubt(lane, batch, error)
            return
        if lane.doubtful:
            self._doubt(lane, batch, None)
            return
        metrics.PRODUCE_SECONDS.add(self._loop.time() - begun)
        metrics.PRODUCE_BATCH_EVENTS.add(batch.records)
        self.heads[lane.partition] = max(self.heads[lane.partition], base + batch.records)
        self._stored(lane, batch, base)
        self._launch(lane)

    async def _produce(self, lane: Lane, builder: Any) -> int:
        producer = self._producer
        if producer is None:
            raise KafkaError("the producer is being replaced")
        async with asyncio.timeout(_BATCH_TIMEOUT_S):
            future = await producer.send_batch(builder, EVENTS_TOPIC, partition=lane.partition)
            stored = await future
        if stored is None or stored.offset < 0:
            raise KafkaError("stored before, but the broker does not say where")
        return int(stored.offset)

    def _stored(self, lane: Lane, batch: Batch, base: int) -> None:
        lane.sent.popleft()
        self._forget_bytes(batch.writes)
        offset = base
        for write in batch.writes:
            if write.value is not None:
                write.offset = offset
                offset += 1
                if write.trace is not None:
                    write.trace.stored(lane.partition, write.offset)
        self._on_stored(lane.partition, base, batch.writes)

    # When an outcome is not known.

    def _doubt(self, lane: Lane, batch: Batch, error: Exception | None) -> None:
        lane.sent.remove(batch)
        lane.doubtful.append(batch)
        if self._recovery is None:
            _log.warning("a batch failed: %r", error, extra={"partition": lane.partition})
            self._recovery = self._loop.create_task(self._recover())

    async def _recover(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_BATCH_TIMEOUT_S + 1)
        if self._producer is not None:
            await abandon(self._producer)
            self._producer = None
        attempt = 0
        while not await self._try_to_go_on():
            await asyncio.sleep(_RESTART_S[min(attempt, len(_RESTART_S) - 1)])
            attempt += 1
        self._recovery = None
        metrics.PRODUCER_REBUILDS.inc()
        for lane in self._lanes:
            self._launch(lane)

    async def _try_to_go_on(self) -> bool:
        try:
            for lane in self._lanes:
                if lane.doubtful:
                    await self._settle(lane)
            self._producer = await start_producer(self._brokers, "all", idempotent=True)
        except (KafkaError, LogUnavailable, TimeoutError, OSError) as error:
            _log.warning("Kafka is away, writes wait: %r", error)
            return False
        return True

    async def _settle(self, lane: Lane) -> None:
        """Look up which of the doubtful writes the log has; queue all again, in their order."""
        writes = [w for batch in lane.doubtful for w in batch.writes]
        wanted = {w.event_id: w for w in writes if w.value is not None}
        head = await self._log.head(lane.partition)
        since = min(batch.since for batch in lane.doubtful)
        async for records in self._log.read(lane.partition, since, head):
            for record in records:
                if (write := wanted.pop(self._event_id(record.value), None)) is not None:
                    self._forget_bytes([write])
                    write.offset, write.value = record.offset, None
        given_up = [w for w in wanted.values() if w.reply is None and not w.also]
        self._forget_bytes(given_up)
        self._on_dropped(given_up)
        lane.waiting.extendleft(reversed([w for w in writes if w not in given_up]))
        lane.doubtful = []

    def _event_id(self, value: bytes | None) -> str:
        try:
            return self._codec.glance(value or b"")[0]
        except PoisonRecord:
            return ""


def _fill(producer: AIOKafkaProducer, waiting: deque[Write], since: int) -> tuple[Any, Batch]:
    """Take writes off the queue into a batch of aiokafka's."""
    builder = producer.create_batch()
    append = builder.append
    writes: list[Write] = []
    count = 0
    while waiting and len(writes) < _BATCH_EVENTS:
        write = waiting[0]
        if write.value is not None:
            key = write.room_id.encode()
            record = append(timestamp=None, key=key, value=write.value, headers=write.headers)
            if record is None:
                break
            count += 1
        writes.append(waiting.popleft())
    builder.close()
    return builder, Batch(writes, count, since)


def _take_old(waiting: deque[Write], deadline: float) -> list[Write]:
    taken = []
    while waiting and waiting[0].received_at < deadline:
        taken.append(waiting.popleft())
    return taken
