"""The log: a consumer whose offsets live in PostgreSQL, and the writer of dead letters."""

import asyncio
import logging
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError
from msgspec import Struct

from projector.batch import Place
from projector.dead_letters import Record
from projector.pacing import FETCH_EVERY_S
from roomlog.brokers import client_options
from roomlog.fetching import Spacing
from roomlog.ids import is_id
from roomlog.letters import DeadLetter, Kind, encode
from roomlog.metrics import (
    CONSUMER_PARTITIONS,
    CONSUMER_REBALANCES,
    DEAD_LETTERS,
    begin_at_zero,
)
from roomlog.topics import (
    CHAT_DLQ,
    CHAT_EVENTS,
    CHAT_READS,
    CHAT_SIGNALS,
    PROJECTOR_GROUP,
    USER_EVENTS,
)
from schemas.wire import event_id

TOPICS = (CHAT_EVENTS, USER_EVENTS, CHAT_READS, CHAT_SIGNALS)
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 3.0
_REQUEST_TIMEOUT_S = 10.0
_ANSWER_MS = 9_000
"""A connection on which nothing comes for so long is closed, and opened anew.

Later than a group takes to agree and than a fetch is held, but before _REQUEST_TIMEOUT_S: who gives up first leaves it
as it is, to hang again.
"""
_SETTLE_S = 2.0
_MAX_LETTER_BYTES = 2 * 1024 * 1024
_LETTERS_AT_ONCE = 100
_REMEMBERED_LETTERS = 10_000

log = logging.getLogger(__name__)

Records = dict[Place, Sequence[Record]]


class LeanRecord(Struct, gc=False):
    """What this stage reads of a record; aiokafka's own has four fields more, and a constructor in Python."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class _LeanRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """What a fetch brought of a partition, without a call of Python code for each step to the next record."""

    def __iter__(self) -> Iterator[LeanRecord]:
        found: Iterator[LeanRecord] = self._records_iterator
        return found

    def _consumer_record(self, tp: TopicPartition, record: Any) -> LeanRecord:
        return LeanRecord(
            tp.topic,
            tp.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.value,
            record.headers,
        )


fetcher.PartitionRecords = _LeanRecords


class ForeignLog(RuntimeError):
    """The log does not hold what the read models say they have seen of it."""


class Source:
    """Reads the partitions that the consumer group assigns to this process.

    An assigned partition is silent until it was placed: its offset comes from PostgreSQL, which may be
    away just then, and a callback of the group must not wait for it.
    """

    def __init__(
        self,
        bootstrap: str,
        group: str = PROJECTOR_GROUP,
        topics: Sequence[str] = TOPICS,
        fetch_every_s: float = FETCH_EVERY_S,
    ) -> None:
        self._topics = topics
        self._consumer = AIOKafkaConsumer(
            **client_options(bootstrap),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=6_000,
            heartbeat_interval_ms=2_000,
            fetch_max_wait_ms=2_000,
            request_timeout_ms=_ANSWER_MS,
            retry_backoff_ms=500,
            max_partition_fetch_bytes=1024 * 1024,
        )
        self._spacing = Spacing(fetch_every_s)
        self.unplaced: set[Place] = set()
        self.next: dict[Place, int] = {}
        """How far each placed partition is taken in."""
        self.joined = False
        self.generation = 0
        """Grows whenever what was read so far, and not written, is to be read again."""
        self.hurried = asyncio.Event()
        """Somebody began to wait since this was cleared."""
        self.settle: Callable[[], Awaitable[object]] | None = None
        """Awaited before partitions go to others, so that these begin behind what is being written."""

    async def start(self) -> None:
        """Join the group; raises KafkaError or TimeoutError."""
        await asyncio.wait_for(self._consumer.start(), _START_TIMEOUT_S)
        self._spacing.keep(self._consumer._fetcher)
        self._consumer.subscribe(self._topics, listener=_Listener(self))

    def hurry(self) -> None:
        """Do not gather any longer: somebody waits."""
        self._spacing.hurry()
        self.hurried.set()

    async def stop(self) -> None:
        """Leave the group."""
        try:
            await asyncio.wait_for(self._consumer.stop(), _STOP_TIMEOUT_S)
        except TimeoutError:
            log.warning("the consumer did not stop in %s s", _STOP_TIMEOUT_S)

    async def place(self, offsets: Mapping[Place, int]) -> None:
        """Read the unplaced partitions on from these offsets; raises ForeignLog, KafkaError, TimeoutError."""
        places = [p for p in self.unplaced if p in offsets]
        partitions = [TopicPartition(*p) for p in places]
        begins = await self._bounded(self._consumer.beginning_offsets(partitions))
        ends = await self._bounded(self._consumer.end_offsets(partitions))
        if not self.unplaced.issuperset(places):
            return  # the group took some away meanwhile
        for place, partition in zip(places, partitions, strict=True):
            begin, end = begins[partition], ends[partition]
            self._consumer.seek(partition, starting_offset(place, offsets[place], begin, end))
            self._consumer.resume(partition)
            self.next[place] = offsets[place]
            self.unplaced.discard(place)

    def forget(self) -> None:
        """Read every partition again from where it is stored to be."""
        self.assign(self.next.keys() | self.unplaced)

    async def poll(self, max_records: int, timeout_s: float) -> Records:
        """Return what is there, waiting a while for a first record; raises KafkaError, TimeoutError."""
        generation = self.generation
        try:
            polled = await asyncio.wait_for(
                self._consumer.getmany(timeout_ms=int(timeout_s * 1000), max_records=max_records),
                timeout_s + _REQUEST_TIMEOUT_S,
            )
        except NoOffsetForPartitionError:
            return {}  # asked for before the partition was placed
        except OffsetOutOfRangeError as error:
            log.warning("%s: placing the partitions anew", error)
            self.forget()
            return {}
        if generation != self.generation:
            return {}
        found = ((Place(tp.topic, tp.partition), records) for tp, records in polled.items())
        return {place: records for place, records in found if place in self.next}

    async def lag(self) -> dict[Place, int]:
        """Return, by partition, how many records are not taken in yet; raises KafkaError, TimeoutError."""
        places = list(self.next)
        ends = await self._bounded(self._consumer.end_offsets([TopicPartition(*p) for p in places]))
        return {
            p: max(0, ends[TopicPartition(*p)] - self.next[p]) for p in places if p in self.next
        }

    async def cluster(
        self, topics: Sequence[str]
    ) -> tuple[tuple[int, list[Any]], dict[Place, int]]:
        """Return the number of brokers, Kafka's metadata of each partition of the topics, and where they end.

        Raises KafkaError or TimeoutError.
        """
        fetching = self._consumer._client.fetch_all_metadata()
        found = await asyncio.wait_for(fetching, _REQUEST_TIMEOUT_S)
        states = [s for t in topics for s in found._partitions.get(t, {}).values()]
        led = [TopicPartition(s.topic, s.partition) for s in states if s.leader >= 0]
        ends = await self._bounded(self._consumer.end_offsets(led))
        places = {Place(tp.topic, tp.partition): end for tp, end in ends.items()}
        return (len(found.brokers()), states), places

    def assign(self, places: Iterable[Place]) -> None:
        """Own exactly these partitions, all to be placed."""
        self.unplaced, self.next = set(places), {}
        self.generation += 1
        self.joined = True
        CONSUMER_PARTITIONS.set(len(self.unplaced))
        for place in self.unplaced:
            partition = TopicPartition(*place)
            self._consumer.pause(partition)
            self._consumer.seek(partition, 0)

    async def revoke(self) -> None:
        """Own nothing; what is being written is finished first, if that does not take long."""
        self.generation += 1
        if self.settle is not None:
            await asyncio.wait([asyncio.ensure_future(self.settle())], timeout=_SETTLE_S)
        self.unplaced, self.next = set(), {}

    async def _bounded(
        self, request: asyncio.Future[dict[TopicPartition, int]]
    ) -> dict[TopicPartition, int]:
        return await asyncio.wait_for(request, _REQUEST_TIMEOUT_S)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, source: Source) -> None:
        self._source = source

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._source.revoke()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        CONSUMER_REBALANCES.inc()
        self._source.assign(Place(tp.topic, tp.partition) for tp in assigned)


def starting_offset(place: Place, stored: int, begin: int, end: int) -> int:
    """Return where to read on a partition that holds offsets from `begin` to before `end`.

    Signals are kept for hours only, so their log may have moved past what is stored. Of the others
    nothing may be missing: raises ForeignLog.
    """
    if begin <= stored <= end:
        return stored
    if place.topic == CHAT_SIGNALS:
        return min(max(stored, begin), end)
    raise ForeignLog(
        f"the read models have seen {place.topic} partition {place.partition} up to offset "
        f"{stored}, but the log holds {begin} to {end}: this database belongs to another log. "
        "Point ROOMLOG_POSTGRES and ROOMLOG_KAFKA at the same installation, or begin with an "
        "empty database"
    )


class DeadLetters:
    """Writes to `chat.dlq`; connects when the first letter comes."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None
        self._stored: dict[bytes, None] = {}
        begin_at_zero(DEAD_LETTERS, get_args(Kind))

    async def write(self, letters: Sequence[DeadLetter]) -> None:
        """Return once Kafka has stored the letters; raises KafkaError or TimeoutError.

        A batch may be tried again: letters that this process has stored before are not repeated.
        """
        fresh = [letter for letter in letters if letter.key not in self._stored]
        for first in range(0, len(fresh), _LETTERS_AT_ONCE):
            producer = await self._started()
            some = fresh[first : first + _LETTERS_AT_ONCE]
            sends = (producer.send_and_wait(CHAT_DLQ, encode(x), key=x.key) for x in some)
            await asyncio.wait_for(asyncio.gather(*sends), _REQUEST_TIMEOUT_S)
            self._remember(some)

    def _remember(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            self._stored[letter.key] = None
            DEAD_LETTERS.labels(letter.kind).inc()
            log.warning("a dead letter: %s", letter.reason, extra=_about(letter))
        while len(self._stored) > _REMEMBERED_LETTERS:
            del self._stored[next(iter(self._stored))]

    async def stop(self) -> None:
        """Disconnect."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await asyncio.wait_for(producer.stop(), _STOP_TIMEOUT_S)

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            # Not idempotent: one refused batch would spoil such a producer for good, and a letter
            # that comes twice is known by its key.
            producer = AIOKafkaProducer(
                **client_options(self._bootstrap), acks="all", max_request_size=_MAX_LETTER_BYTES
            )
            try:
                await asyncio.wait_for(producer.start(), _REQUEST_TIMEOUT_S)
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer


def _about(letter: DeadLetter) -> dict[str, Any]:
    place = {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
    event = event_id(letter.value).decode("ascii", "replace")
    if letter.topic != CHAT_EVENTS or not is_id(event):
        return place
    room = b64decode(letter.record_key or "").decode(errors="replace")
    return {**place, "event_id": event, "room_id": room}
