"""Streams on the real stack, seen from a node: what it is told after it says what it listens to."""

import asyncio
import contextlib
import os
import sys
import time
import uuid

import pytest
import redis.asyncio
from aiokafka import AIOKafkaProducer

from roomlog.deliveries import (
    ALL_NODES,
    Attached,
    Events,
    PresenceDiff,
    Resync,
    Typing,
    decode_delivery,
    node_channel,
)
from roomlog.events import ChatEvent, FirstMember, MessagePosted, RoomCreated
from roomlog.leases import (
    LEASE_MS,
    Lease,
    encode_lease,
    lease_key,
    new_incarnation,
    presence_room_key,
    presence_user_key,
)
from roomlog.partitions import partition_of
from roomlog.signals import (
    ChatSignal,
    PresenceChanged,
    RoomAttached,
    RoomDetached,
    SessionsChanged,
    UserTyping,
)
from roomlog.stack.ports import is_free
from roomlog.topics import CHAT_EVENTS, CHAT_SIGNALS
from schemas.registry import Registry

PATIENCE_S = 20


class Log:
    """Writes events and signals as nodes do."""

    def __init__(self, codecs, producer):
        self.codecs, self.producer = codecs, producer

    async def signal(self, node, body):
        key = getattr(body, "room_id", None) or body.user_id
        value = self.codecs.chat_signals.encode(ChatSignal(node, time.time_ns() // 1000, body))
        return await self._send(CHAT_SIGNALS, key, value)

    async def event(self, room, body, event_id=None):
        now = time.time_ns() // 1000
        fields = (event_id or str(uuid.uuid4()), room, "", SENDER, str(uuid.uuid4()), now, "test")
        value = self.codecs.chat_events.encode(ChatEvent(*fields, body=body))
        return (await self._send(CHAT_EVENTS, room, value)).offset

    async def room(self):
        """Make a room, and return its id."""
        room = str(uuid.uuid4())
        members = (FirstMember(SENDER, "owner"),)
        await self.event(room, RoomCreated("streams test", "public", members=members))
        return room

    async def _send(self, topic, key, value):
        return await self.producer.send_and_wait(
            topic, value, key=key.encode(), partition=partition_of(key)
        )


SENDER = str(uuid.uuid4())


class Node:
    """A node as far as streams can tell: a lease, a channel, and an answer to every Resync."""

    def __init__(self, valkey, log, name):
        self.id = new_incarnation(name)
        self.valkey, self.log = valkey, log
        self.rooms = {}
        self.heard = []
        self.resyncs = 0
        self.attached_at = {}
        self.tasks = []

    async def start(self):
        self.channel = self.valkey.pubsub()
        await self.channel.subscribe(node_channel(self.id), ALL_NODES)
        await self._renew()
        self.tasks = [asyncio.create_task(self._live()), asyncio.create_task(self._listen())]

    async def die(self):
        for task in self.tasks:
            task.cancel()
        await self.channel.aclose()

    async def attach(self, room, **users):
        self.rooms[room] = users
        await self.log.signal(self.id, RoomAttached(room, users))
        return await self.wait(lambda d: isinstance(d, Attached) and d.room_id == room)

    async def wait(self, wanted, patience=PATIENCE_S):
        """Return the first delivery of this kind, and forget it and all before it."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            for at, delivery in enumerate(self.heard):
                if wanted(delivery):
                    del self.heard[: at + 1]
                    return delivery
            await asyncio.sleep(0.01)
        raise AssertionError(f"{self.id} heard only {self.heard}")

    def records(self, room):
        """Return the offsets of a room's records heard so far."""
        ranges = [r for d in self.heard if isinstance(d, Events) for r in d.ranges]
        return [offset for r in ranges for offset, of, _ in r.records if of == room]

    async def until_heard(self, room, offsets):
        deadline = time.monotonic() + PATIENCE_S
        while self.records(room) != offsets and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        assert self.records(room) == offsets

    async def _renew(self):
        lease = encode_lease(Lease(self.id, "ws://test"))
        await self.valkey.set(lease_key(self.id), lease, px=LEASE_MS)

    async def _live(self):
        while True:
            await self._renew()
            await asyncio.sleep(1)

    async def _listen(self):
        async for message in self.channel.listen():
            if message["type"] == "message":
                delivery = decode_delivery(message["data"])
                if isinstance(delivery, Resync):
                    self.resyncs += 1
                    for room, users in self.rooms.items():
                        if partition_of(room) in delivery.partitions:
                            await self.log.signal(self.id, RoomAttached(room, users))
                    continue
                if isinstance(delivery, Attached):
                    self.attached_at[delivery.room_id] = time.monotonic()
                self.heard.append(delivery)


@pytest.fixture
async def valkey(stack):
    client = redis.asyncio.Redis.from_url(stack.status()["valkey"])
    yield client
    await client.aclose()


@pytest.fixture
async def log(stack):
    status = stack.status()
    codecs = await asyncio.to_thread(Registry(status["registry"]).codecs)
    producer = AIOKafkaProducer(bootstrap_servers=status["kafka"], acks="all")
    await producer.start()
    yield Log(codecs, producer)
    await producer.stop()


@pytest.fixture
async def node(valkey, log):
    async with contextlib.AsyncExitStack() as stack:

        async def make(name="t"):
            made = Node(valkey, log, name)
            await made.start()
            stack.push_async_callback(made.die)
            return made

        yield make


def diff(room, joined=(), left=(), away=()):
    wanted = PresenceDiff(room, list(joined), list(left), list(away))
    return lambda delivery: delivery == wanted


async def mirrored(valkey, room):
    return {
        k.decode(): v.decode() for k, v in (await valkey.hgetall(presence_room_key(room))).items()
    }


async def eventually(ask, wanted, patience=PATIENCE_S):
    deadline = time.monotonic() + patience
    while (found := await ask()) != wanted and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    assert found == wanted


async def test_events_of_attached_rooms_arrive_in_order_and_ranges_join(node, log):
    n, room, other = await node(), await log.room(), await log.room()
    await n.attach(room)
    offsets = [await log.event(room, MessagePosted(f"{i}")) for i in range(20)]
    await log.event(other, MessagePosted("not for this node"))
    await n.until_heard(room, offsets)
    assert n.records(other) == []
    ranges = [r for d in n.heard if isinstance(d, Events) for r in d.ranges]
    mine = [r for r in ranges if r.partition == partition_of(room)]
    assert [r.start for r in mine[1:]] == [r.stop for r in mine[:-1]]


async def test_a_node_hears_how_far_the_worker_is_where_nothing_concerned_it(node, log):
    n, room = await node(), await log.room()
    await n.attach(room)
    other = room
    while other == room or partition_of(other) != partition_of(room):
        other = str(uuid.uuid4())
    offset = await log.event(other, RoomCreated("elsewhere", "public"))

    def tells(delivery):
        return isinstance(delivery, Events) and any(
            r.partition == partition_of(room) and r.stop > offset and not r.records
            for r in delivery.ranges
        )

    await n.wait(tells)


async def test_an_event_that_is_in_the_log_twice_is_delivered_once(node, log):
    n, room, event = await node(), await log.room(), str(uuid.uuid4())
    await n.attach(room)
    first = await log.event(room, MessagePosted("once"), event)
    await log.event(room, MessagePosted("once"), event)
    last = await log.event(room, MessagePosted("after"))
    await n.until_heard(room, [first, last])


async def test_presence_is_merged_told_and_mirrored(node, log, valkey):
    one, two, room = await node("one"), await node("two"), await log.room()
    assert await one.attach(room, ann="online") == Attached(room, {"ann": "online"})
    assert (await two.attach(room, bob="away")).state == {"ann": "online", "bob": "away"}
    await one.wait(diff(room, away=["bob"]))
    await log.signal(two.id, PresenceChanged(room, joined=("bob",)))
    await one.wait(diff(room, joined=["bob"]))
    await eventually(lambda: mirrored(valkey, room), {"ann": "online", "bob": "online"})
    await log.signal(two.id, UserTyping(room, "bob"))
    await one.wait(lambda d: d == Typing(room, "bob"))
    await log.signal(two.id, RoomDetached(room))
    await one.wait(diff(room, left=["bob"]))
    await eventually(lambda: mirrored(valkey, room), {"ann": "online"})


async def test_sessions_are_mirrored(node, log, valkey):
    n, user = await node(), str(uuid.uuid4())
    for state, stored in (("online", b"online"), ("away", b"away"), ("offline", None)):
        await log.signal(n.id, SessionsChanged(user, state))
        await eventually(lambda: valkey.get(presence_user_key(user)), stored)


async def test_a_dead_nodes_users_leave_within_seconds(node, log, valkey):
    living, dying, room = await node("living"), await node("dying"), await log.room()
    await living.attach(room, ann="online")
    await dying.attach(room, bob="online")
    user = str(uuid.uuid4())
    await log.signal(dying.id, SessionsChanged(user, "online"))
    await eventually(lambda: valkey.get(presence_user_key(user)), b"online")
    await dying.die()
    await living.wait(diff(room, left=["bob"]), patience=8)
    await eventually(lambda: mirrored(valkey, room), {"ann": "online"})
    await eventually(lambda: valkey.get(presence_user_key(user)), None)


async def test_a_bad_signal_is_skipped(node, log):
    n, room = await node(), await log.room()
    await log._send(CHAT_SIGNALS, room, b"\0\0\0\0\1nonsense")
    await log._send(CHAT_SIGNALS, room, b"")
    await n.attach(room)


async def test_after_kill_9_a_worker_asks_the_nodes_and_goes_on(stack, node, log, valkey):
    n, room = await node(), await log.room()
    await n.attach(room, ann="online")
    # What only a worker's mirror holds, of a node that died together with it, has to go as well.
    stale = await log.room()
    ghost = await node("ghost")
    await ghost.attach(stale, old="online")
    await eventually(lambda: mirrored(valkey, stale), {"old": "online"})
    before, killed = n.resyncs, time.monotonic()
    stack.kill("streams-1")
    await ghost.die()
    await valkey.delete(lease_key(ghost.id))
    deadline = killed + 30
    while n.resyncs == before and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    print(f"asked again {time.monotonic() - killed:.1f} s after kill -9")
    await n.wait(lambda d: isinstance(d, Attached) and d.room_id == room)
    n.heard.clear()
    offset = await log.event(room, MessagePosted("afterwards"))
    await n.until_heard(room, [offset])
    assert await mirrored(valkey, room) == {"ann": "online"}
    await eventually(lambda: mirrored(valkey, stale), {})


async def hear_resync(valkey):
    """Subscribe, as often as it takes, and return the partitions of the first Resync."""
    while True:
        with contextlib.suppress(redis.exceptions.RedisError, OSError):
            async with valkey.pubsub() as channel:
                await channel.subscribe(ALL_NODES)
                async for message in channel.listen():
                    if message["type"] == "message":
                        return decode_delivery(message["data"]).partitions
        await asyncio.sleep(0.1)


async def test_after_an_outage_of_valkey_nodes_are_asked_again(stack, valkey):
    stack.kill("valkey")
    async with asyncio.timeout(PATIENCE_S):
        assert await hear_resync(valkey)


async def test_a_second_worker_takes_half_and_gives_it_back(stack, node, log):
    """A worker joins and leaves in order; what is posted meanwhile comes, or shows as a gap."""
    status = stack.status()
    env = {
        **os.environ,
        "ROOMLOG_KAFKA": status["kafka"],
        "ROOMLOG_VALKEY": status["valkey"],
        "ROOMLOG_REGISTRY": status["registry"],
        "ROOMLOG_DATA": status["data"],
        "ROOMLOG_METRICS_PORT": str(next(filter(is_free, range(26_000, 27_000)))),
    }
    n, rooms = await node(), [await log.room() for _ in range(8)]
    for room in rooms:
        await n.attach(room)
    n.heard.clear()
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "roomlog.cli", "streams", env=env
    )
    sent = {room: [] for room in rooms}
    asked, end = n.resyncs, time.monotonic() + 12
    while time.monotonic() < end:
        for room in rooms:
            sent[room].append((time.monotonic(), await log.event(room, MessagePosted("moving"))))
        await asyncio.sleep(0.05)
        if second.returncode is None and n.resyncs > asked and time.monotonic() > end - 6:
            second.terminate()
            await second.wait()
    assert second.returncode == 0
    assert n.resyncs >= asked + 2, "one for the worker that joined, one for what it gave back"
    # By now the fast path works again for every room.
    for room in rooms:
        last = await log.event(room, MessagePosted("settled"))
        async with asyncio.timeout(PATIENCE_S):
            while last not in n.records(room):
                await asyncio.sleep(0.01)
    assert_nothing_is_missing_silently(n, sent)


def assert_nothing_is_missing_silently(n, sent):
    """What was posted after the last Attached came, or lies in a hole between ranges.

    A node reads such holes from the log, and everything up to the log's end after Attached.
    """
    claimed = [r for d in n.heard if isinstance(d, Events) for r in d.ranges]
    checked = 0
    for room, posted in sent.items():
        got = set(n.records(room))
        for at, offset in posted:
            if at > n.attached_at[room] and offset not in got:
                mine = [r for r in claimed if r.partition == partition_of(room)]
                assert not [r for r in mine if r.start <= offset < r.stop], (room, offset)
            checked += at > n.attached_at[room]
    assert checked
