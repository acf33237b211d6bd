"""aiokafka's `send()` for each message, against batches that are filled and sent as the ingest node does it.

Both idempotent and with acks=all, the same records and as many of them together.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable

import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from ingest.producer import Producer
from roomlog.brokers import client_options
from roomlog.events import ChatEvent, MessagePosted
from roomlog.partitions import PARTITIONS, partition_of
from roomlog.topics import CHAT_EVENTS
from schemas.codec import ChatEventCodec

MESSAGES, TOGETHER = 96_000, 2_400
_ROOMS = 100

Record = tuple[int, bytes, bytes]
"""Partition, key and value."""


def records(codec: ChatEventCodec, count: int, text: str) -> list[Record]:
    """Return the records of so many messages to a hundred rooms, which take turns."""
    rooms = [str(uuid.uuid4()) for _ in range(_ROOMS)]
    sender = str(uuid.uuid4())
    found = []
    for number in range(count):
        room, key = rooms[number % _ROOMS], str(uuid.uuid4())
        at = time.time_ns() // 1_000
        event = ChatEvent(key, room, "", sender, key, at, "bench", MessagePosted(text))
        found.append((partition_of(room), room.encode(), codec.encode(event)))
    return found


def compare(kafka: str, codec: ChatEventCodec, text: str) -> dict[str, float]:
    """Return the client's processor time for each message, in microseconds, of both ways."""
    some = records(codec, MESSAGES, text)
    figures = {
        "send_us": uvloop.run(_one_by_one(kafka, some)),
        "batch_us": uvloop.run(_in_batches(kafka, some)),
    }
    return {**figures, "together": TOGETHER, "a_batch": TOGETHER / min(PARTITIONS, _ROOMS)}


async def _one_by_one(kafka: str, some: list[Record]) -> float:
    producer = AIOKafkaProducer(**client_options(kafka), acks="all", enable_idempotence=True)
    await producer.start()

    async def send(some: list[Record]) -> None:
        futures = [
            await producer.send(CHAT_EVENTS, value, key=key, partition=partition)
            for partition, key, value in some
        ]
        await asyncio.gather(*futures)

    try:
        return await _cost(send, some)
    finally:
        await producer.stop()


async def _in_batches(kafka: str, some: list[Record]) -> float:
    producer = await Producer.start(kafka)
    sequences = dict.fromkeys(range(PARTITIONS), 0)

    async def send(some: list[Record]) -> None:
        batches: dict[int, DefaultRecordBatchBuilder] = {}
        counts = dict.fromkeys(sequences, 0)
        for partition, key, value in some:
            if partition not in batches:
                batches[partition] = producer.new_batch(sequences[partition])
            batches[partition].append(counts[partition], None, key, value, [])
            counts[partition] += 1
            sequences[partition] += 1
        leader = producer.leader_of(0)
        assert leader is not None
        built = {partition: builder.build() for partition, builder in batches.items()}
        for outcome in (await producer.append(leader, built)).values():  # the stack has one broker
            if isinstance(outcome, KafkaError):
                raise outcome

    try:
        return await _cost(send, some)
    finally:
        await producer.stop()


async def _cost(send: Callable[[list[Record]], Awaitable[None]], some: list[Record]) -> float:
    """Return the processor time of a record, in microseconds, where `send` returns when some are stored."""
    await send(some[:TOGETHER])  # warm
    began = time.process_time()
    for at in range(0, len(some), TOGETHER):
        await send(some[at : at + TOGETHER])
    return round((time.process_time() - began) / len(some) * 1e6, 2)
