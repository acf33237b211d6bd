"""Batches into the log: idempotent, of many partitions in one request, past aiokafka's queues.

Its producer has a queue, three tasks and a dozen futures for each batch, and describes each field of a request
to itself: where a few messages come at a time, as they mostly do, that costs a node more than all else that it
does for them (docs/decisions/0034). `ingest.lanes` has the queue, and knows what to send again; here is what
travels. Connections, passwords, certificates, and who leads which partition are aiokafka's.
"""

import asyncio
import struct
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from typing import NamedTuple, Self

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, for_code
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.structs import TopicPartition

from ingest.kafka import BATCH_BYTES, EVENTS_TOPIC, REQUEST_TIMEOUT_MS
from roomlog.brokers import client_options
from roomlog.partitions import PARTITIONS

SEQUENCES = 2**31
"""Numbers of records begin again after so many."""

_ALL_REPLICAS = -1
_NO_TRANSACTION_MS = 60_000
_RETRY_S = 0.1
_CLOSE_S = 3.0
_NAME = EVENTS_TOPIC.encode()
_PLACES = [TopicPartition(EVENTS_TOPIC, partition) for partition in range(PARTITIONS)]

_HEADER = struct.Struct(">hhih")
_LENGTH, _COUNT = struct.Struct(">h"), struct.Struct(">i")
_BODY = struct.Struct(f">hhiih{len(_NAME)}si")
"""No transaction, acks, time limit in ms, one topic, its name, how many partitions."""
_BATCH = struct.Struct(">ii")
_STORED = struct.Struct(">ihqqq")
"""Partition, error, offset of the first record, time, where the partition begins."""


class _Header(NamedTuple):
    correlation_id: int
    encoded: bytes = b""

    def encode(self) -> bytes:
        return self.encoded


class _Stored(dict[int, tuple[int, int]]):
    """By partition an error's code (0: none) and the offset of the first record."""

    @classmethod
    def decode(cls, answer: BytesIO) -> Self:
        data = answer.read()
        (length,) = _LENGTH.unpack_from(data, _COUNT.size)  # after the number of topics: one
        at = _COUNT.size + _LENGTH.size + length
        (count,) = _COUNT.unpack_from(data, at)
        at += _COUNT.size
        entries = _STORED.iter_unpack(memoryview(data)[at : at + count * _STORED.size])
        return cls({partition: (code, offset) for partition, code, offset, *_ in entries})


class _Produce:
    """Stands in aiokafka's connections for one of its requests.

    Source: Produce, version 7, of the Kafka protocol guide.
    """

    API_KEY, API_VERSION = 0, 7
    RESPONSE_TYPE = _Stored

    def __init__(self, batches: Mapping[int, bytes | bytearray]) -> None:
        self._batches = batches

    def prepare(self, versions: Mapping[int, tuple[int, int]]) -> Self:
        """Return what travels to a broker that understands these versions of each request."""
        oldest, newest = versions[self.API_KEY]
        if not oldest <= self.API_VERSION <= newest:
            raise IncompatibleBrokerVersion(f"the broker has Produce {oldest} to {newest}, not 7")
        return self

    def build_request_header(self, correlation_id: int, client_id: str) -> _Header:
        name = client_id.encode()
        head = _HEADER.pack(self.API_KEY, self.API_VERSION, correlation_id, len(name))
        return _Header(correlation_id, head + name)

    def encode(self) -> bytes:
        count = len(self._batches)
        parts: list[bytes | bytearray] = [
            _BODY.pack(-1, _ALL_REPLICAS, REQUEST_TIMEOUT_MS, 1, len(_NAME), _NAME, count)
        ]
        for partition, data in self._batches.items():
            parts += (_BATCH.pack(partition, len(data)), data)
        return b"".join(parts)

    def parse_response_header(self, answer: BytesIO) -> _Header:
        return _Header(*_COUNT.unpack(answer.read(_COUNT.size)))


class Producer:
    """A producer with an id of its own: the log has what it numbers once, however often it is sent."""

    def __init__(self, client: AIOKafkaClient, producer_id: int, epoch: int) -> None:
        self._client, self._id, self._epoch = client, producer_id, epoch

    @classmethod
    async def start(cls, brokers: str) -> Self:
        """Return one that is connected; raises KafkaError, TimeoutError or OSError when no broker answers."""
        client = AIOKafkaClient(**client_options(brokers), request_timeout_ms=REQUEST_TIMEOUT_MS)
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000):
                await client.bootstrap()
                await client._wait_on_metadata(EVENTS_TOPIC)
                return cls(client, *await _new_id(client))
        except BaseException:
            await _close(client)
            raise

    async def stop(self) -> None:
        """Disconnect; whoever waits for an answer gets a KafkaError."""
        await _close(self._client)

    def leader_of(self, partition: int) -> int | None:
        """Return the broker to which a partition's batches go, None while nobody knows."""
        leader = self._client.cluster.leader_for_partition(_PLACES[partition])
        return None if leader is None or leader < 0 else int(leader)

    def look_for_leaders(self) -> None:
        """Ask the brokers anew who leads."""
        self._client.force_metadata_update()

    def new_batch(self, sequence: int) -> DefaultRecordBatchBuilder:
        """Return a batch to fill, of which the first record has a number in its partition."""
        return DefaultRecordBatchBuilder(
            magic=2,
            compression_type=0,
            is_transactional=0,
            producer_id=self._id,
            producer_epoch=self._epoch,
            base_sequence=sequence,
            batch_size=BATCH_BYTES,
        )

    async def append(
        self, leader: int, batches: Mapping[int, bytes | bytearray]
    ) -> dict[int, int | KafkaError]:
        """Store batches, by partition, in all replicas; return for each the offset of its first record.

        Or a KafkaError in its place. One that is `retriable` says to send the same batch again, whatever became
        of it. Raises KafkaError where nobody knows what became of any.
        """
        stored: _Stored = await self._client.send(leader, _Produce(batches))
        return {partition: _outcome(stored.get(partition)) for partition in batches}


def _outcome(entry: tuple[int, int] | None) -> int | KafkaError:
    if entry is None:
        return KafkaError("the broker does not say what became of the batch")
    code, offset = entry
    if code:
        error: KafkaError = for_code(code)()
        return error
    return offset if offset >= 0 else KafkaError("stored before, the broker does not say where")


async def _new_id(client: AIOKafkaClient) -> tuple[int, int]:
    """Return a producer's id and epoch; raises KafkaError."""
    while True:
        request = InitProducerIdRequest(None, _NO_TRANSACTION_MS)
        answer = await client.send(client.get_random_node(), request)
        if not answer.error_code:
            return answer.producer_id, answer.producer_epoch
        if not (error := for_code(answer.error_code)()).retriable:
            raise error
        await asyncio.sleep(_RETRY_S)


async def _close(client: AIOKafkaClient) -> None:
    with suppress(Exception):
        async with asyncio.timeout(_CLOSE_S):
            await client.close()
