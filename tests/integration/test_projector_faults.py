"""The projector on the real stack while it, or what it stands on, is killed, frozen or fed with garbage."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import defaultdict

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from roomlog import ids, topics
from roomlog.events import FirstMember, MessagePosted, RoomCreated, RoomRenamed
from roomlog.partitions import partition_of
from roomlog.topics import CHAT_DLQ, CHAT_EVENTS
from schemas.registry import Registry
from tests.projector_records import chat_event

ALICE = ids.derived_id("alice")
CAUGHT_UP_S = 40
CHATTER_PAUSE_S = 0.02
STOPS_WITHIN_S = 5


class Log:
    """Writes events straight into the log, and knows what the read models must hold of them."""

    def __init__(self, producer, codec):
        self._producer, self._codec = producer, codec
        self.texts = defaultdict(dict)
        self.ends = {}

    async def append(self, room, body):
        """Append an event and return its offset."""
        offset = await self.append_bytes(room, self._codec.encode(chat_event(room, ALICE, body)))
        if isinstance(body, MessagePosted):
            self.texts[room][offset] = body.text
        return offset

    async def append_bytes(self, room, value, partition=None):
        partition = partition_of(room) if partition is None else partition
        stored = await self._producer.send_and_wait(
            CHAT_EVENTS, value, key=room.encode(), partition=partition
        )
        self.ends[partition] = max(stored.offset + 1, self.ends.get(partition, 0))
        return stored.offset

    async def new_rooms(self, count):
        rooms = [ids.new_id() for _ in range(count)]
        created = RoomCreated("r", "private", members=(FirstMember(ALICE, "owner"),))
        await asyncio.gather(*(self.append(room, created) for room in rooms))
        return rooms

    async def chatter(self, rooms, until):
        """Post in turns into all rooms until the event is set."""
        number = 0
        while not until.is_set():
            posts = (self.append(r, MessagePosted(f"message {number}")) for r in rooms)
            await asyncio.gather(*posts)
            await asyncio.sleep(CHATTER_PAUSE_S)
            number += 1

    async def caught_up(self, dsn, within_s=CAUGHT_UP_S):
        """Return once everything that was appended so far is projected."""
        ends = dict(self.ends)
        async with asyncio.timeout(within_s):
            while not await self._is_projected(dsn, ends):
                await asyncio.sleep(0.1)

    async def _is_projected(self, dsn, ends):
        try:
            query = "SELECT partition, next FROM projection_offsets WHERE topic = %s"
            async with await psycopg.AsyncConnection.connect(dsn) as connection:
                found = dict(await (await connection.execute(query, [CHAT_EVENTS])).fetchall())
        except psycopg.OperationalError:
            return False
        return all(found.get(p, 0) >= end for p, end in ends.items())


@pytest.fixture
async def log(stack):
    told = stack.status()
    codec = Registry(told["registry"]).codecs().chat_events
    async with AIOKafkaProducer(bootstrap_servers=told["kafka"], acks="all") as producer:
        yield Log(producer, codec)


def assert_all_there_once(dsn, log):
    with psycopg.connect(dsn) as connection:
        for room, texts in log.texts.items():
            query = 'SELECT "offset", text FROM messages WHERE room_id = %s'
            found = connection.execute(query, [room]).fetchall()
            assert dict(found) == texts
            assert len(found) == len(texts)
            query = "SELECT message_count, member_count, last_offset FROM rooms WHERE id = %s"
            assert connection.execute(query, [room]).fetchone() == (len(texts), 1, max(texts))


async def test_killed_again_and_again_every_event_counts_once(stack, log):
    rooms, done = await log.new_rooms(20), asyncio.Event()
    chatter = asyncio.create_task(log.chatter(rooms, done))
    for _ in range(3):
        stack.kill("projector-1")
        await asyncio.sleep(0.5)
        await log.caught_up(stack.status()["postgres"])
    done.set()
    await chatter
    dsn = stack.status()["postgres"]
    await log.caught_up(dsn)
    assert_all_there_once(dsn, log)


async def test_frozen_beyond_its_session_it_wakes_and_changes_nothing_twice(
    stack, log, tmp_path, unused_tcp_port
):
    dsn = stack.status()["postgres"]
    rooms, done = await log.new_rooms(20), asyncio.Event()
    chatter = asyncio.create_task(log.chatter(rooms, done))
    await log.caught_up(dsn)
    frozen = stack.kill("projector-1", signal.SIGSTOP)
    await asyncio.sleep(0.5)  # so that there is work that it cannot have done
    second = start_projector(stack, tmp_path, unused_tcp_port)
    try:
        await log.caught_up(dsn)  # the second has taken over
        os.kill(frozen, signal.SIGCONT)
        await asyncio.sleep(1)
        await log.caught_up(dsn)
        done.set()
        await chatter
        await log.caught_up(dsn)
        assert_all_there_once(dsn, log)
    finally:
        os.kill(frozen, signal.SIGCONT)
        done.set()
        second.terminate()
        assert second.wait(STOPS_WITHIN_S) == 0


def start_projector(stack, directory, port):
    told = stack.status()
    environment = {
        **os.environ,
        **{f"ROOMLOG_{name.upper()}": told[name] for name in ("kafka", "postgres", "registry")},
        "ROOMLOG_DATA": str(directory),
        "ROOMLOG_METRICS_PORT": str(port),
    }
    return subprocess.Popen([sys.executable, "-m", "roomlog.cli", "projector"], env=environment)


async def test_what_cannot_be_decoded_or_applied_is_a_dead_letter_and_the_rest_goes_on(stack, log):
    told = stack.status()
    rooms = await log.new_rooms(1)
    (room,) = rooms
    partition = partition_of(room)
    encode = log._codec.encode
    too_long = "".join(ids.new_id() for _ in range(2000))
    misplaced = encode(chat_event(room, ALICE, MessagePosted("elsewhere")))
    expected = {}
    for n in range(3):
        await log.append(room, MessagePosted(f"before {n}"))
        expected[partition, await log.append_bytes(room, b"garbage")] = "undecodable"
        expected[partition, await log.append_bytes(room, b"\0\x7f\xff\xff\xff")] = "undecodable"
        nul = encode(chat_event(room, ALICE, MessagePosted("a\0b")))
        expected[partition, await log.append_bytes(room, nul)] = "inapplicable"
        refused = encode(chat_event(room, ALICE, RoomRenamed(too_long)))
        expected[partition, await log.append_bytes(room, refused)] = "inapplicable"
        other = (partition + 1) % 24
        expected[other, await log.append_bytes(room, misplaced, other)] = "misplaced"
        await log.append(room, MessagePosted(f"after {n}"))
    await log.caught_up(told["postgres"])
    assert_all_there_once(told["postgres"], log)
    letters = await dead_letters(told["kafka"], set(expected))
    assert {place: letter["kind"] for place, letter in letters} == expected
    assert len(letters) == len(expected), "a letter was written twice"
    assert all(letter["reason"] and letter["raw"] for _, letter in letters)


async def dead_letters(kafka, wanted):
    """Return all letters about these partitions and offsets."""
    found = []
    (topic,) = (t for t in topics.load() if t.name == CHAT_DLQ)
    partitions = [TopicPartition(CHAT_DLQ, p) for p in range(topic.partitions)]
    async with AIOKafkaConsumer(bootstrap_servers=kafka) as consumer:
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(p) < ends[p] for p in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                letters = [json.loads(record.value) for record in records]
                found += [((x["partition"], x["offset"]), x) for x in letters]
    return [(place, letter) for place, letter in found if place in wanted]


async def test_postgres_dies_and_comes_back_nothing_is_lost(stack, log):
    dsn = stack.status()["postgres"]
    rooms, done = await log.new_rooms(20), asyncio.Event()
    chatter = asyncio.create_task(log.chatter(rooms, done))
    await log.caught_up(dsn)
    stack.kill("postgres", signal.SIGQUIT)
    await asyncio.sleep(1)
    await log.caught_up(dsn)
    done.set()
    await chatter
    await log.caught_up(dsn)
    assert_all_there_once(dsn, log)
