"""Kafka: making and ending producers, and reading any stretch of a partition of the log."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from roomlog.brokers import client_options

EVENTS_TOPIC = "chat.events"
SIGNALS_TOPIC = "chat.signals"
READS_TOPIC = "chat.reads"
USERS_TOPIC = "user.events"
BATCH_BYTES = 262_144
REQUEST_TIMEOUT_MS = 10_000
_FETCH_BYTES = 1024 * 1024  # at a time: about 10 ms of work
_LATEST = -1
_ATTEMPTS = 5
_APPEND_S = 8.0
_RETRY_S = 0.2

_log = logging.getLogger(__name__)


class LogUnavailable(Exception):
    """The log could not be read after several attempts."""


class Record(NamedTuple):
    """One record of the log."""

    offset: int
    key: bytes | None
    value: bytes | None


async def start_producer(brokers: str, acks: Literal[1, "all"]) -> AIOKafkaProducer:
    """Return a running producer; what it sends may be stored twice.

    Raises KafkaError or TimeoutError when no broker answers.
    """
    producer = AIOKafkaProducer(
        **client_options(brokers),
        acks=acks,
        linger_ms=0,
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        retry_backoff_ms=50,
    )
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000):
            await producer.start()
    except BaseException:
        await abandon(producer)
        raise
    return producer


async def abandon(producer: AIOKafkaProducer, timeout_s: float = 3.0) -> None:
    """End a producer without waiting for what it still wants to send.

    `stop()` would flush first, for as long as the broker is away; and a producer that is merely
    forgotten goes on retrying behind our back.
    """
    with suppress(Exception):
        async with asyncio.timeout(timeout_s):
            if (task := producer._sender.sender_task) is not None:
                task.cancel()
            producer._closed = True
            await producer.client.close()


class Appender:
    """Appends records to a topic, in all replicas before it returns; for some at a time.

    Its records may be stored twice, which has to mean nothing: so its producer need not be idempotent,
    and a refused batch spoils nothing.
    """

    def __init__(self, brokers: str, topic: str) -> None:
        self._brokers, self._topic = brokers, topic
        self._producer: AIOKafkaProducer | None = None

    async def stop(self) -> None:
        """Disconnect."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await abandon(producer)

    async def append(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Append `(key, value)` records; connects with the first ones.

        Raises KafkaError, TimeoutError or OSError; the records may then have been stored or not.
        """
        if not records:
            return
        if self._producer is None:
            self._producer = await start_producer(self._brokers, "all")
        try:
            async with asyncio.timeout(_APPEND_S):
                sends = [await self._producer.send(self._topic, v, key=k) for k, v in records]
                await asyncio.gather(*sends)
        except (KafkaError, TimeoutError, OSError):
            await self.stop()  # one that did not answer in time may never do
            raise


class LogReader:
    """Reads stretches of a topic by partition and offset, over one connection to each broker."""

    def __init__(self, brokers: str, topic: str) -> None:
        self._topic = topic
        self._client = AIOKafkaClient(
            **client_options(brokers), request_timeout_ms=REQUEST_TIMEOUT_MS
        )

    async def start(self) -> None:
        """Connect; raises KafkaError when no broker answers."""
        await self._client.bootstrap()
        await self._client._wait_on_metadata(self._topic)

    async def stop(self) -> None:
        """Disconnect."""
        await self._client.close()

    def partitions(self) -> list[int]:
        """Return the topic's partitions, once connected."""
        return sorted(self._client.cluster.partitions_for_topic(self._topic) or ())

    async def heads(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return the offset that the next event of each partition will get; raises LogUnavailable."""
        wanted = list(partitions)
        for attempt in range(_ATTEMPTS):
            try:
                return await self._heads(wanted)
            except (KafkaError, TimeoutError) as error:
                await self._recover(error, attempt)
        raise LogUnavailable("the log's head is not to be had; is Kafka running?")

    async def head(self, partition: int) -> int:
        """Return the offset that the partition's next event will get; raises LogUnavailable."""
        return (await self.heads([partition]))[partition]

    async def read(self, partition: int, start: int, stop: int) -> AsyncIterator[list[Record]]:
        """Yield the records of `[start, stop)` in their order, some at a time.

        `stop` must not be beyond the partition's head. Raises LogUnavailable.
        """
        at, attempt = start, 0
        while at < stop:
            try:
                reached, records = await self._fetch(partition, at, stop)
                if reached == at:
                    raise KafkaError(f"nothing at offset {at} of partition {partition}")
            except (KafkaError, TimeoutError) as error:
                if (attempt := attempt + 1) == _ATTEMPTS:
                    raise LogUnavailable(f"cannot read the log: {error!r}") from error
                await self._recover(error, attempt)
                continue
            at, attempt = reached, 0
            if records:
                yield records

    async def _recover(self, error: Exception, attempt: int) -> None:
        _log.info("reading %s: %r, attempt %d", self._topic, error, attempt + 1)
        await asyncio.sleep(_RETRY_S * attempt)
        async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000):
            await self._client.force_metadata_update()

    def _leader(self, partition: int) -> int:
        leader = self._client.cluster.leader_for_partition(TopicPartition(self._topic, partition))
        if leader is None or leader == -1:
            raise KafkaError(f"partition {partition} of {self._topic} has no leader")
        return int(leader)

    async def _heads(self, partitions: list[int]) -> dict[int, int]:
        by_leader: dict[int, list[tuple[int, int]]] = {}
        for partition in partitions:
            by_leader.setdefault(self._leader(partition), []).append((partition, _LATEST))
        found: dict[int, int] = {}
        for leader, wanted in by_leader.items():
            request = OffsetRequest(-1, 0, [(self._topic, wanted)])
            answer = await self._client.send(leader, request)
            for _, entries in answer.topics:
                for partition, code, _, offset in entries:
                    _raise(code)
                    found[partition] = offset
        return found

    async def _fetch(self, partition: int, at: int, stop: int) -> tuple[int, list[Record]]:
        request = FetchRequest(
            max_wait_time=100,
            min_bytes=1,
            max_bytes=_FETCH_BYTES,
            isolation_level=0,
            topics=[(self._topic, [(partition, at, _FETCH_BYTES)])],
        )
        answer = await self._client.send(self._leader(partition), request)
        for _, entries in answer.topics:
            for _, code, *rest in entries:
                _raise(code)
                return _records(MemoryRecords(rest[-1]), at, stop)
        return at, []


def _raise(code: int) -> None:
    if code:
        raise for_code(code)()


def _records(batches: MemoryRecords, at: int, stop: int) -> tuple[int, list[Record]]:
    found: list[Record] = []
    while at < stop and batches.has_next():
        batch = batches.next_batch()
        if not batch.validate_crc():
            raise KafkaError(f"a record batch at offset {at} is damaged")
        if not batch.is_control_batch:
            found += [Record(r.offset, r.key, r.value) for r in batch if at <= r.offset < stop]
        at = max(at, batch.next_offset)
    return min(at, stop), found
