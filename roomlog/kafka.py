"""Kafka: where the log begins and ends, and its raw records, as fast as Python can have them.

A consumer makes an object of a dozen fields of each record; this reads the fetched batches directly.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, OffsetOutOfRangeError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from roomlog.access import Service
from roomlog.brokers import client_options, shown
from roomlog.preflight import kafka_refusal

_LATEST, _EARLIEST = -1, -2
_WAIT_MS = 500
_TIMEOUT_MS = 20_000
_ATTEMPTS = 8
_RETRY_S = 0.25


class Range(NamedTuple):
    """Offsets `[start, stop)` of one partition."""

    partition: int
    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many offsets there are."""
        return max(0, self.stop - self.start)


class LogUnavailable(RuntimeError):
    """The log cannot be read; the message says what to look at."""


class Chunk(NamedTuple):
    """Consecutive records of one partition; `next` is the offset to go on from.

    `values` are the raw bytes, in wire format unless somebody wrote something else.
    """

    partition: int
    offsets: list[int]
    values: list[bytes]
    next: int


class Log:
    """Reads one topic, about `fetch_bytes` at a time; an async context manager. Raises LogUnavailable."""

    def __init__(self, brokers: str, topic: str, fetch_bytes: int = 8 * 1024 * 1024) -> None:
        self._brokers, self._topic, self._fetch_bytes = brokers, topic, fetch_bytes
        self._client = AIOKafkaClient(**client_options(brokers), request_timeout_ms=_TIMEOUT_MS)

    async def __aenter__(self) -> Self:
        try:
            await self._client.bootstrap()
            await self._client._wait_on_metadata(self._topic)
        except (KafkaError, OSError, TimeoutError) as error:
            await self._client.close()
            if told := await kafka_refusal(self._brokers, Service(consume=[self._topic])):
                raise LogUnavailable(told) from error
            raise self._unavailable(error) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.close()

    @property
    def partitions(self) -> set[int]:
        """The numbers of the topic's partitions."""
        return set(self._client.cluster.partitions_for_topic(self._topic) or ())

    async def bounds(self, partitions: Iterable[int]) -> dict[int, tuple[int, int]]:
        """Return `(first offset, end offset)` of each partition."""
        wanted = sorted(set(partitions))
        first, end = await self.offsets(wanted, _EARLIEST), await self.offsets(wanted, _LATEST)
        return {p: (first[p] or 0, end[p] or 0) for p in wanted}

    async def offsets(self, partitions: Iterable[int], time_ms: int) -> dict[int, int | None]:
        """Return the first offset appended at or after a time, None where there is none."""
        wanted = sorted(set(partitions))
        for attempt in range(_ATTEMPTS):
            try:
                return await self._offsets(wanted, time_ms)
            except (KafkaError, TimeoutError) as error:
                await self._recover(error, attempt)
        raise AssertionError

    async def read(self, range_: Range) -> AsyncGenerator[Chunk, None]:
        """Yield the records of a range in their order; the next are fetched meanwhile."""
        if not range_.size:
            return
        fetch = asyncio.create_task(self._fetch(range_, range_.start))
        try:
            while True:
                at, raw = await fetch
                chunk = _chunk(range_, at, raw)
                more = chunk.next < range_.stop
                if more:
                    fetch = asyncio.create_task(self._fetch(range_, chunk.next))
                    await asyncio.sleep(0)  # the request is on its way before the work begins
                yield chunk
                if not more:
                    return
        finally:
            fetch.cancel()

    async def _offsets(self, partitions: list[int], time_ms: int) -> dict[int, int | None]:
        by_leader: dict[int, list[tuple[int, int]]] = {}
        for partition in partitions:
            by_leader.setdefault(self._leader(partition), []).append((partition, time_ms))
        found: dict[int, int | None] = {}
        for leader, wanted in by_leader.items():
            answer = await self._client.send(leader, OffsetRequest(-1, 0, [(self._topic, wanted)]))
            for _, entries in answer.topics:
                for partition, code, _, offset in entries:
                    _raise(code)
                    found[partition] = None if offset < 0 else offset
        return found

    async def _fetch(self, range_: Range, at: int) -> tuple[int, bytes]:
        """Return raw batches that begin at or before `at`; never nothing."""
        for attempt in range(_ATTEMPTS):
            try:
                if raw := await self._fetch_once(range_.partition, at):
                    return at, raw
            except OffsetOutOfRangeError as error:
                told = f"offset {at} of partition {range_.partition} is not in the log (any more)"
                raise LogUnavailable(told) from error
            except (KafkaError, TimeoutError) as error:
                await self._recover(error, attempt)
        raise LogUnavailable(f"nothing comes at offset {at} of partition {range_.partition}")

    async def _fetch_once(self, partition: int, at: int) -> bytes:
        request = FetchRequest(
            max_wait_time=_WAIT_MS,
            min_bytes=1,
            max_bytes=self._fetch_bytes,
            isolation_level=0,
            topics=[(self._topic, [(partition, at, self._fetch_bytes)])],
        )
        answer = await self._client.send(self._leader(partition), request)
        for _, entries in answer.topics:
            for _, code, *rest in entries:
                _raise(code)
                return bytes(rest[-1] or b"")
        return b""

    def _leader(self, partition: int) -> int:
        leader = self._client.cluster.leader_for_partition(TopicPartition(self._topic, partition))
        if leader is None or leader == -1:
            raise KafkaError(f"partition {partition} of {self._topic} has no leader")
        return int(leader)

    async def _recover(self, error: Exception, attempt: int) -> None:
        if attempt == _ATTEMPTS - 1:
            raise self._unavailable(error) from error
        await asyncio.sleep(_RETRY_S * attempt)
        await self._client.force_metadata_update()

    def _unavailable(self, error: Exception) -> LogUnavailable:
        return LogUnavailable(
            f"Kafka at {shown(self._brokers)} cannot be read ({error or type(error).__name__}); "
            "is it running? (`roomlog status`)"
        )


def _raise(code: int) -> None:
    if code:
        raise for_code(code)()


def _chunk(range_: Range, at: int, raw: bytes) -> Chunk:
    """Return the records of fetched batches that are in the range and not before `at`.

    A record without a value, as chat.reads may have, becomes empty bytes.
    """
    offsets: list[int] = []
    values: list[bytes] = []
    batches = MemoryRecords(raw)
    while at < range_.stop and batches.has_next():
        batch: Any = batches.next_batch()
        if not batch.validate_crc():
            raise LogUnavailable(
                f"a batch at offset {at} of partition {range_.partition} is damaged"
            )
        if not batch.is_control_batch:
            for record in batch:
                if at <= record.offset < range_.stop:
                    offsets.append(record.offset)
                    values.append(record.value or b"")
        at = max(at, batch.next_offset)
    return Chunk(range_.partition, offsets, values, min(at, range_.stop))
