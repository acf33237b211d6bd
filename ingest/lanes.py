"""Writes go into the log: one lane a partition, batches of whatever is waiting, acked in their order.

One batch of a lane is on its way at a time, and one request to each broker, with the batches of all lanes that
are ready: what comes meanwhile travels with the next. A batch that a broker could not take is sent again, under
the same numbers, for a while. One whose outcome is not known (error 45, no answer for too long) stops every lane:
the producer, which numbers what it sends, is of no more use for that partition. It is replaced, the log is read to
see which of the doubtful events it has, and the others are sent again before anything that came after them.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from aiokafka.errors import KafkaError, RequestTimedOutError

from ingest.kafka import LogReader, LogUnavailable
from ingest.producer import SEQUENCES, Producer
from ingest.writes import Write
from roomlog import metrics
from roomlog.partitions import PARTITIONS
from schemas.codec import ChatEventCodec, PoisonRecord

MAX_PENDING_BYTES = 32 * 1024 * 1024
ANSWER_WITHIN_S = 8.0
_BATCH_EVENTS = 2_000
_BATCH_TIMEOUT_S = 15.0
_BACKOFF_S = 0.05
_RESTART_S = (0.1, 0.2, 0.5, 1.0, 2.0)

_log = logging.getLogger(__name__)

OnStored = Callable[[int, int, list[Write]], None]
OnDropped = Callable[[list[Write]], None]


class Batch(NamedTuple):
    """Writes that travel together; `records` of them are new to the log.

    `since` is an offset at or before theirs, taken before they were sent at `began`; `data` is what travels.
    """

    writes: list[Write]
    records: int
    since: int
    data: bytes | bytearray = b""
    began: float = 0.0


class Lane:
    """The writes of one partition: waiting, on their way, and of unknown outcome."""

    __slots__ = ("doubtful", "failed", "partition", "sent", "sequence", "waiting")

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.waiting: deque[Write] = deque()
        self.sent: Batch | None = None
        self.failed = False
        """Whether what was sent has to be sent again."""
        self.doubtful: list[Batch] = []
        self.sequence = 0
        """The producer's number of the next record."""


class Lanes:
    """Writes in, stored writes out; see the module.

    `on_stored` gets the partition, the offset of the first new record, and the writes with their offsets,
    in the order of the log; `on_dropped` those that nobody waits for any more and that are not in the log.
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
        self._producer: Producer | None = None
        self._busy: set[int] = set()
        """Brokers that have not answered yet."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._recovery: asyncio.Task[None] | None = None
        self.pending_bytes = 0

    async def start(self) -> None:
        """Connect; raises KafkaError when no broker answers."""
        self._producer = await Producer.start(self._brokers)

    async def stop(self) -> None:
        """Disconnect; what is still pending is left to the clients' retries."""
        if self._recovery is not None:
            self._recovery.cancel()
        for task in self._tasks:
            task.cancel()
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

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
        self._launch_soon((lane,))

    def expire(self, now: float) -> list[Write]:
        """Return the writes that wait for too long at `now` and take back those that were not sent."""
        late: list[Write] = []
        deadline = now - ANSWER_WITHIN_S
        for lane in self._lanes:
            under_way = [*lane.doubtful, lane.sent] if lane.sent else lane.doubtful
            for batch in under_way:
                late += [w for w in batch.writes if w.reply and w.received_at < deadline]
            dropped = _take_old(lane.waiting, deadline)
            self._forget_bytes(dropped)
            late += dropped
            if dropped:
                self._on_dropped(dropped)
        return late

    def _forget_bytes(self, writes: list[Write]) -> None:
        self.pending_bytes -= sum(len(w.value) for w in writes if w.value is not None)

    def _launch_soon(self, lanes: Iterable[Lane]) -> None:
        """Send what these have, at the end of this turn."""
        for lane in lanes:
            self._ready[lane.partition] = lane
        if not self._scheduled and self._ready:
            self._scheduled = True
            self._loop.call_soon(self._launch_ready)

    def _launch_ready(self) -> None:
        self._scheduled = False
        producer = self._producer
        if self._recovery is not None or producer is None:
            return
        ready, self._ready = self._ready, {}
        requests: dict[int, list[tuple[Lane, Batch]]] = {}
        leaderless: list[Lane] = []
        for lane in ready.values():
            if lane.sent is not None and not lane.failed:
                continue  # its answer launches what waits
            leader = producer.leader_of(lane.partition)
            if leader is None:
                leaderless.append(lane)
            elif leader in self._busy:
                self._ready[lane.partition] = lane
            elif (batch := self._next_batch(producer, lane)) is not None:
                requests.setdefault(leader, []).append((lane, batch))
        for leader, some in requests.items():
            self._busy.add(leader)
            task = self._loop.create_task(self._send(producer, leader, some))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if leaderless:
            self._launch_later(producer, leaderless)

    def _next_batch(self, producer: Producer, lane: Lane) -> Batch | None:
        """Return what of a lane is to be sent now; what is in the log already is told of at once."""
        if lane.failed:
            lane.failed = False
            return lane.sent
        while lane.waiting:
            batch = _fill(producer, lane, self.heads[lane.partition], self._loop.time())
            lane.sent = batch
            if batch.records:
                return batch
            self._stored(lane, batch, 0)
        return None

    def _launch_later(self, producer: Producer, lanes: list[Lane]) -> None:
        """Try again when the brokers may know better."""
        producer.look_for_leaders()
        late = self._loop.time() - _BATCH_TIMEOUT_S
        for lane in lanes:
            if lane.sent is not None and lane.sent.began < late:
                self._doubt(lane, lane.sent, KafkaError("no broker took it in time"))
        self._loop.call_later(_BACKOFF_S, self._launch_soon, lanes)

    async def _send(self, producer: Producer, leader: int, sent: list[tuple[Lane, Batch]]) -> None:
        began = self._loop.time()
        outcomes: dict[int, int | KafkaError] = {}
        unknown = KafkaError()
        try:
            outcomes = await producer.append(leader, {lane.partition: b.data for lane, b in sent})
        except (TimeoutError, OSError) as error:
            unknown = RequestTimedOutError(repr(error))
        except KafkaError as error:
            unknown = error
        self._busy.discard(leader)
        metrics.PRODUCE_SECONDS.add(self._loop.time() - began)
        failed = []
        for lane, batch in sent:
            outcome = outcomes.get(lane.partition, unknown)
            if not isinstance(outcome, KafkaError):
                metrics.PRODUCE_BATCH_EVENTS.add(batch.records)
                known = self.heads[lane.partition]
                self.heads[lane.partition] = max(known, outcome + batch.records)
                self._stored(lane, batch, outcome)
            elif outcome.retriable:
                lane.failed = True
                failed.append(lane)
            else:
                self._doubt(lane, batch, outcome)
        if failed:
            _log.warning(
                "%d batches are sent again: %r",
                len(failed),
                outcomes.get(failed[0].partition, unknown),
            )
            self._launch_later(producer, failed)
        self._launch_soon(lane for lane, _ in sent if lane.waiting and not lane.failed)

    def _stored(self, lane: Lane, batch: Batch, base: int) -> None:
        lane.sent = None
        self._forget_bytes(batch.writes)
        offset = base
        for write in batch.writes:
            if write.value is not None:
                write.offset = offset
                offset += 1
                if write.trace is not None:
                    write.trace.stored(lane.partition, write.offset)
        try:
            self._on_stored(lane.partition, base, batch.writes)
        except Exception:  # the other lanes of the request go on
            place = {"partition": lane.partition, "offset": base}
            _log.exception("what the log has could not be told of", extra=place)

    # When an outcome is not known.

    def _doubt(self, lane: Lane, batch: Batch, error: KafkaError) -> None:
        lane.sent, lane.failed = None, False
        lane.doubtful.append(batch)
        if self._recovery is None:
            _log.warning("a batch failed: %r", error, extra={"partition": lane.partition})
            self._recovery = self._loop.create_task(self._recover())

    async def _recover(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_BATCH_TIMEOUT_S + 1)
        for task in self._tasks:
            task.cancel()
        self._busy.clear()
        for lane in self._lanes:
            if lane.sent is not None:
                self._doubt(lane, lane.sent, KafkaError())
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None
        attempt = 0
        while not await self._try_to_go_on():
            await asyncio.sleep(_RESTART_S[min(attempt, len(_RESTART_S) - 1)])
            attempt += 1
        self._recovery = None
        metrics.PRODUCER_REBUILDS.inc()
        self._launch_soon(lane for lane in self._lanes if lane.waiting)

    async def _try_to_go_on(self) -> bool:
        try:
            for lane in self._lanes:
                if lane.doubtful:
                    await self._settle(lane)
            self._producer = await Producer.start(self._brokers)
        except (KafkaError, LogUnavailable, TimeoutError, OSError) as error:
            _log.warning("Kafka is away, writes wait: %r", error)
            return False
        for lane in self._lanes:
            lane.sequence = 0
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


def _fill(producer: Producer, lane: Lane, since: int, now: float) -> Batch:
    """Take writes off the queue into a batch."""
    builder, waiting = producer.new_batch(lane.sequence), lane.waiting
    append = builder.append
    writes: list[Write] = []
    count = 0
    while waiting and len(writes) < _BATCH_EVENTS:
        write = waiting[0]
        if write.value is not None:
            key = write.room_id.encode()
            if append(count, None, key, write.value, write.headers or []) is None:
                break
            count += 1
        writes.append(waiting.popleft())
    lane.sequence = (lane.sequence + count) % SEQUENCES
    return Batch(writes, count, since, builder.build() if count else b"", now)


def _take_old(waiting: deque[Write], deadline: float) -> list[Write]:
    taken = []
    while waiting and waiting[0].received_at < deadline:
        taken.append(waiting.popleft())
    return taken
