"""aiokafka's `send()` for each message, against batches that are filled as the ingest node fills them.

Both with the node's producer (acks=all, idempotent), the same records and as many of them together.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable

import uvloop
from aiokafka import AIOKafkaProducer

from ingest.kafka import start_producer
from roomlog.events import ChatEvent, MessagePosted
from roomlog.partitions import PARTITIONS, partition_of
from roomlog.topics import CHAT_EVENTS
from schemas.codec import ChatEventCodec

MESSAGES, TOGETHER = 96_000, 2_400
_ROOMS = 100

Record = tuple[int, bytes, bytes]
"""Partition, key and value."""
Send = Callable[[AIOKafkaProducer, list[Record]], Awaitable[None]]


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


async def one_by_one(producer: AIOKafkaProducer, some: list[Record]) -> None:
    """Send each record by itself; return when all are stored."""
    futures = [
        await producer.send(CHAT_EVENTS, value, key=key, partition=partition)
        for partition, key, value in some
    ]
    await asyncio.gather(*futures)


async def in_batches(producer: AIOKafkaProducer, some: list[Record]) -> None:
    """Send the records of a partition together; return when all are stored."""
    batches = {}
    for partition, key, value in some:
        batch = batches.get(partition)
        if batch is None:
            batch = batches[partition] = producer.create_batch()
        batch.append(timestamp=None, key=key, value=value)
    futures = [await producer.send_batch(b, CHAT_EVENTS, partition=p) for p, b in batches.items()]
    await asyncio.gather(*futures)


def compare(kafka: str, codec: ChatEventCodec, text: str) -> dict[str, float]:
    """Return the client's processor time for each message, in microseconds, of both ways."""
    some = records(codec, MESSAGES, text)
    figures = {
        "send_us": uvloop.run(_cost(kafka, some, one_by_one)),
        "batch_us": uvloop.run(_cost(kafka, some, in_batches)),
    }
    return {**figures, "together": TOGETHER, "a_batch": TOGETHER / min(PARTITIONS, _ROOMS)}


async def _cost(kafka: str, some: list[Record], send: Send) -> float:
    producer = await start_producer(kafka, "all", idempotent=True)
    try:
        await send(producer, some[:TOGETHER])  # warm
        began = time.process_time()
        for at in range(0, len(some), TOGETHER):
            await send(producer, some[at : at + TOGETHER])
        return round((time.process_time() - began) / len(some) * 1e6, 2)
    finally:
        await producer.stop()
