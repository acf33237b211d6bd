"""Fills a log, and with it the read models, much faster than clients could.

Events are appended in large batches of aiokafka's, as ingest does; the texts are real chat where there is
some. For a row that needs a room of a million messages:

    with bench.stack() as stack:
        filled = fill_room(stack, 1_000_000)
"""

import asyncio
import gzip
import itertools
import json
import time
import uuid
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from bench.harness import settled
from ingest.kafka import BATCH_BYTES
from roomlog import ids
from roomlog.brokers import client_options
from roomlog.events import Body, ChatEvent, FirstMember, MemberJoined, MessagePosted, RoomCreated
from roomlog.partitions import PARTITIONS, partition_of
from roomlog.stack import Stack
from roomlog.topics import CHAT_EVENTS
from schemas.codec import ChatEventCodec
from schemas.registry import Registry

IRC = Path(__file__).parents[2] / "shared" / "data" / "irc"
_UNANSWERED = 64
_EVENTS_PER_S = 5_000
"""The slowest projection that is waited for."""

Line = tuple[str, str, str]
"""Room, sender and text."""


class Filled(NamedTuple):
    """A room that was filled: its id, its owner, and how many messages it has."""

    room: str
    owner: str
    messages: int


@cache
def chat() -> list[Line]:
    """Return real chat where there is some, else made-up lines; rooms take turns, as in a live log."""
    rooms: dict[str, list[Line]] = {}
    for file in sorted(IRC.glob("*.jsonl.gz")):
        with gzip.open(file, "rt") as read:
            for said in map(json.loads, read):
                if said["text"]:
                    rooms.setdefault(said["room"], []).append(
                        (said["room"], said["sender"], said["text"])
                    )
    if not rooms:
        return [
            (f"room {n % 170}", f"person {n * 7919 % 1_000}", f"{n}" + " and so on" * (n % 12))
            for n in range(100_000)
        ]
    turns = itertools.zip_longest(*rooms.values())
    return [line for turn in turns for line in turn if line is not None]


class Writer:
    """Makes the events of a log in which whoever speaks is a member. Pure; a clock apart.

    With `room` everything is said in one room; `reader` is a member of every room. A writer goes on where it
    stopped.
    """

    def __init__(self, room: str | None = None, reader: str | None = None) -> None:
        self._room, self._reader = room, reader
        self._lines = itertools.cycle(chat())
        self._run = uuid.uuid4().hex[:12]
        self._count = 0
        self._began_us = time.time_ns() // 1_000
        self._members: set[tuple[str, str]] = set()
        self.owners: dict[str, str] = {}
        """Room id -> its owner."""

    def events(self, messages: int) -> Iterator[ChatEvent]:
        """Yield so many messages, and before them what makes their rooms and members."""
        for name, person, text in itertools.islice(self._lines, messages):
            room, sender = _id("room", self._room or name), _id("person", person)
            if room not in self.owners:
                self.owners[room] = sender
                first = (FirstMember(sender, "owner"),)
                if self._reader is not None:
                    first += (FirstMember(self._reader, "member"),)
                self._members.add((room, sender))
                yield self._event(room, sender, RoomCreated(name, "public", "", first))
            elif (room, sender) not in self._members:
                self._members.add((room, sender))
                yield self._event(room, sender, MemberJoined(sender))
            yield self._event(room, sender, MessagePosted(text))

    def _event(self, room: str, sender: str, body: Body) -> ChatEvent:
        self._count += 1
        number = f"{self._count:08x}-0000-4000-8000-{self._run}"
        at = self._began_us + self._count
        return ChatEvent(number, room, "", sender, number, at, "bench", body)


@cache
def _id(kind: str, name: str) -> str:
    return ids.derived_id(kind, name)


async def idempotent_producer(kafka: str) -> AIOKafkaProducer:
    """Return a running producer: what is measured holds nothing twice."""
    producer = AIOKafkaProducer(
        **client_options(kafka), acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES
    )
    await producer.start()
    return producer


async def append(kafka: str, codec: ChatEventCodec, events: Iterable[ChatEvent]) -> int:
    """Append events to chat.events; return how many there were."""
    producer = await idempotent_producer(kafka)
    try:
        waiting = {p: producer.create_batch() for p in range(PARTITIONS)}
        sent: list[asyncio.Future[object]] = []
        count = 0
        for count, event in enumerate(events, 1):  # noqa: B007  # it is returned
            room, value = event.room_id, codec.encode(event)
            partition, key = partition_of(room), room.encode()
            while waiting[partition].append(key=key, value=value, timestamp=None) is None:
                full, waiting[partition] = waiting[partition], producer.create_batch()
                sent.append(await producer.send_batch(full, CHAT_EVENTS, partition=partition))
                if len(sent) >= _UNANSWERED:
                    await asyncio.gather(*sent)
                    sent.clear()
        for partition, batch in waiting.items():
            if batch.record_count():
                sent.append(await producer.send_batch(batch, CHAT_EVENTS, partition=partition))
        await asyncio.gather(*sent)
        return count
    finally:
        await producer.stop()


def fill(stack: Stack, writer: Writer, messages: int) -> int:
    """Append so many messages to a stack's log; return once its read models have them, if it projects.

    Returns how many events that took.
    """
    status = stack.status()
    codec = Registry(status["registry"]).codecs().chat_events
    count = asyncio.run(append(status["kafka"], codec, writer.events(messages)))
    asyncio.run(settled(stack, 30 + count / _EVENTS_PER_S))
    return count


def fill_room(stack: Stack, messages: int, name: str = "a long room") -> Filled:
    """Make a room with so many messages in the log of a stack, and in its read models if it projects."""
    writer = Writer(name)
    fill(stack, writer, messages)
    ((room, owner),) = writer.owners.items()
    return Filled(room, owner, messages)
