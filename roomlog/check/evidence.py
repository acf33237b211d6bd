"""Collecting the evidence from a stack at rest: the whole log, the read models, the stored offsets."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from sys import intern

import psycopg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from roomlog import topics
from roomlog.brokers import client_options
from roomlog.check.facts import (
    Evidence,
    LogEvent,
    MemberRow,
    MessageRow,
    PinRow,
    Place,
    ReactionRow,
    RoomRow,
)
from roomlog.partitions import PARTITIONS
from roomlog.protocol.event_frames import event_details, timestamp
from schemas.codec import ChatEventCodec, PoisonRecord
from schemas.registry import Registry

_POLL_MS = 1_000
_BATCH = 5_000

_OFFSETS = """
SELECT 'projection', partition, next FROM projection_offsets WHERE topic = %(topic)s
UNION ALL
SELECT 'search', partition, next FROM search_offsets WHERE topic = %(topic)s"""
_MESSAGES = """
SELECT room_id::text, "offset", event_id::text, sender_id::text, text, reply_to::text,
       edited_at IS NOT NULL, deleted_at IS NOT NULL
FROM messages WHERE room_id = ANY (%s::uuid[])"""
_MEMBERS = "SELECT room_id::text, user_id::text, role FROM members WHERE room_id = ANY (%s::uuid[])"
_REACTIONS = """
SELECT room_id::text, event_id::text, emoji, user_id::text
FROM reactions WHERE room_id = ANY (%s::uuid[])"""
_PINS = "SELECT room_id::text, event_id::text, pinned_by::text FROM pins WHERE room_id = ANY (%s::uuid[])"
_ROOMS = """
SELECT id::text, name, last_offset, member_count, message_count
FROM rooms WHERE id = ANY (%s::uuid[])"""


async def collect(
    kafka: str, postgres: str, registry: str, cache: Path, rooms: Iterable[str], within_s: float
) -> Evidence:
    """Return the evidence of these rooms, once projector and indexer have no lag (or `within_s` is over).

    `cache` is a directory with the ids of the schemas, for when the registry is away. Raises KafkaError,
    psycopg.Error and RegistryError where something cannot be read.
    """
    wanted = set(rooms)
    codec = Registry(registry, cache).codecs().chat_events
    evidence = Evidence()
    ends = await read_log(kafka, codec, wanted, evidence)
    async with await psycopg.AsyncConnection.connect(postgres, autocommit=True) as database:
        stored = await _zero_lag(database, ends, within_s)
        evidence.places = [
            Place(p, offsets.get(p, 0), end, by)
            for by, offsets in stored.items()
            for p, end in sorted(ends.items())
        ]
        await _read_rows(database, sorted(wanted), evidence)
    return evidence


async def read_log(
    kafka: str, codec: ChatEventCodec, rooms: set[str], evidence: Evidence
) -> dict[int, int]:
    """Add every record of these rooms to the evidence; return partition -> end of the log."""
    consumer = AIOKafkaConsumer(**client_options(kafka), auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(topics.CHAT_EVENTS, p) for p in range(PARTITIONS)]
        consumer.assign(places)
        found = await consumer.end_offsets(places)
        ends = {place.partition: int(end) for place, end in found.items()}
        async for partition, record in _records(consumer, ends):
            if record.key is not None and record.key.decode(errors="replace") in rooms:
                _take(evidence, codec, partition, record.offset, record.value)
    finally:
        await consumer.stop()
    return ends


async def _records(
    consumer: AIOKafkaConsumer, ends: dict[int, int]
) -> AsyncIterator[tuple[int, ConsumerRecord[bytes, bytes]]]:
    left = {p for p, end in ends.items() if end > 0}
    await consumer.seek_to_beginning()
    while left:
        batches = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_BATCH)
        for place, records in batches.items():
            for record in records:
                if record.offset < ends[place.partition]:
                    yield place.partition, record
        for place in [p for p in consumer.assignment() if p.partition in left]:
            if await consumer.position(place) >= ends[place.partition]:
                left.discard(place.partition)
                consumer.pause(place)


def _take(
    evidence: Evidence, codec: ChatEventCodec, partition: int, offset: int, value: bytes | None
) -> None:
    try:
        event = codec.decode(value or b"")
    except PoisonRecord:
        return  # nothing that anybody can have received
    evidence.log.append(
        LogEvent(
            partition,
            offset,
            intern(event.room_id),
            intern(event.type),
            event.event_id,
            intern(event.sender_id),
            timestamp(event.occurred_at),
            event.key,
            event_details(event),
        )
    )


async def _zero_lag(
    database: psycopg.AsyncConnection, ends: dict[int, int], within_s: float
) -> dict[str, dict[int, int]]:
    """Return partition -> stored offset, once none is behind its end or the time is over.

    Of the projection, and of the search where there ever was an indexer.
    """
    deadline = asyncio.get_running_loop().time() + within_s
    while True:
        stored: dict[str, dict[int, int]] = {"projection": {}}
        rows = await database.execute(_OFFSETS, {"topic": topics.CHAT_EVENTS})
        for by, partition, following in await rows.fetchall():
            stored.setdefault(by, {})[partition] = following
        behind = [p for of in stored.values() for p, end in ends.items() if of.get(p, 0) < end]
        if not behind or asyncio.get_running_loop().time() > deadline:
            return stored
        await asyncio.sleep(0.1)


async def _read_rows(
    database: psycopg.AsyncConnection, rooms: list[str], evidence: Evidence
) -> None:
    for query, row_type in (
        (_MESSAGES, MessageRow),
        (_MEMBERS, MemberRow),
        (_REACTIONS, ReactionRow),
        (_PINS, PinRow),
        (_ROOMS, RoomRow),
    ):
        cursor = await database.execute(query, [rooms])
        while rows := await cursor.fetchmany(_BATCH):
            for row in rows:
                evidence.add(row_type(*row))
