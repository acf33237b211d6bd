"""Records that nobody can read, put among those of rooms; and the dead letters about them."""

import asyncio
import struct
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from roomlog.brokers import client_options
from roomlog.letters import DeadLetter, decode
from roomlog.partitions import partition_of
from roomlog.topics import CHAT_DLQ, CHAT_EVENTS

_UNKNOWN_SCHEMA = struct.pack(">bI", 0, 2**31 - 1)
_KNOWN_SCHEMA = struct.pack(">bI", 0, 1)
POISONS = (
    b"",
    b"no wire format at all",
    _UNKNOWN_SCHEMA[:3],
    _UNKNOWN_SCHEMA + b"{}",
    _KNOWN_SCHEMA,
    _KNOWN_SCHEMA + b"\xff" * 100,
)
"""Nothing, no magic byte, half a header, a schema that is not there, and two bodies that are no event."""

_POLL_MS = 500
Position = tuple[int, int]
"""Partition and offset in chat.events."""


async def produce(kafka: str, rooms: Sequence[str]) -> list[Position]:
    """Write every poison among the events of every room; return where. Raises KafkaError."""
    async with AIOKafkaProducer(**client_options(kafka), acks="all") as producer:
        return [await _put(producer, room, poison) for poison in POISONS for room in rooms]


async def _put(producer: AIOKafkaProducer, room: str, poison: bytes) -> Position:
    partition = partition_of(room)
    stored = await producer.send_and_wait(
        CHAT_EVENTS, poison, key=room.encode(), partition=partition
    )
    return partition, int(stored.offset)


async def letters(kafka: str, wanted: set[Position], within_s: float) -> set[Position]:
    """Return those of the wanted positions that dead letters are about.

    Waits for what is missing so long. A letter that was written twice counts once. Raises KafkaError.
    """
    found: set[Position] = set()
    consumer = AIOKafkaConsumer(CHAT_DLQ, **client_options(kafka), auto_offset_reset="earliest")
    async with consumer:
        deadline = asyncio.get_running_loop().time() + within_s
        while not wanted <= found and asyncio.get_running_loop().time() < deadline:
            for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                found |= {position for r in records if (position := _position(r.value))}
    return found & wanted


def _position(value: bytes | None) -> Position | None:
    letter = decode(value or b"")
    if isinstance(letter, DeadLetter) and letter.topic == CHAT_EVENTS:
        return letter.partition, letter.offset
    return None
