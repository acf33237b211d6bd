"""What the lanes promise, on a real broker: in order, once, also after the producer was poisoned."""

import asyncio
import uuid

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    NotLeaderForPartitionError,
    RequestTimedOutError,
)

from ingest.kafka import EVENTS_TOPIC, LogReader
from ingest.lanes import Batch, Lanes
from ingest.writes import Write
from roomlog import ids
from roomlog.events import ChatEvent, MessagePosted
from roomlog.partitions import PARTITIONS, partition_of
from roomlog.protocol.commands import PostMessage
from schemas.registry import Registry


class Rig:
    """Lanes on the stack's broker, and what they stored."""

    def __init__(self, lanes, log, codec):
        self.lanes, self.log, self.codec = lanes, log, codec
        self.stored, self.dropped = [], []
        self.room = str(uuid.uuid4())
        self.partition = partition_of(self.room)

    def put(self, number):
        command = PostMessage(id=number, room=self.room, key=f"k{number}", text="x")
        event_id = ids.event_id("s", self.room, command.key)
        now = asyncio.get_running_loop().time()
        write = Write(command, lambda _: None, self.room, event_id, "s", None, now)
        event = ChatEvent(event_id, self.room, "", "s", command.key, 0, "n", MessagePosted("x"))
        write.value = self.codec.encode(event)
        self.lanes.put(self.partition, write)
        return write

    async def wait(self, count):
        async with asyncio.timeout(40):
            while len(self.stored) < count:
                await asyncio.sleep(0.01)

    async def ids_in_log(self):
        head = await self.log.head(self.partition)
        found = []
        async for records in self.log.read(self.partition, 0, head):
            found += [self.codec.glance(r.value)[0] for r in records if r.key == self.room.encode()]
        return found


@pytest.fixture
async def rig(stack):
    status = stack.status()
    codec = Registry(status["registry"], stack.data).codecs().chat_events
    log = LogReader(status["kafka"], EVENTS_TOPIC)
    await log.start()
    heads = await log.heads(range(PARTITIONS))
    lanes = Lanes(
        status["kafka"],
        log,
        codec,
        [heads[p] for p in range(PARTITIONS)],
        lambda partition, base, writes: rig.stored.extend(writes),
        lambda writes: rig.dropped.extend(writes),
    )
    rig = Rig(lanes, log, codec)
    await lanes.start()
    yield rig
    await lanes.stop()
    await log.stop()


async def test_writes_are_stored_in_their_order(rig):
    writes = [rig.put(n) for n in range(3_000)]
    await rig.wait(3_000)
    assert rig.stored == writes
    assert [w.offset for w in writes] == sorted(w.offset for w in writes)
    assert await rig.ids_in_log() == [w.event_id for w in writes]
    assert (rig.lanes.pending_bytes, rig.lanes.is_idle) == (0, True)


async def test_what_is_known_is_acked_in_its_place(rig):
    first, known, last = rig.put(1), rig.put(2), rig.put(3)
    rig.lanes.pending_bytes -= len(known.value)
    known.value, known.offset = None, 7
    await rig.wait(3)
    assert rig.stored == [first, known, last]
    assert (known.offset, last.offset) == (7, first.offset + 1)


async def test_a_poisoned_producer_is_replaced_and_nothing_lost(rig):
    before = [rig.put(n) for n in range(10)]
    await rig.wait(10)
    producer = rig.lanes._producer
    lane = rig.lanes._lanes[rig.partition]
    batch = producer.new_batch(lane.sequence)
    assert batch.append(0, None, rig.room.encode(), b"x" * (2 << 20), [])
    data = {rig.partition: batch.build()}
    (refused,) = (await producer.append(producer.leader_of(rig.partition), data)).values()
    assert isinstance(refused, KafkaError)
    lane.sequence += 1  # as if the lane had sent it; the broker misses that record: error 45
    after = [rig.put(n) for n in range(10, 40)]
    await rig.wait(40)
    assert rig.lanes._producer is not producer
    assert await rig.ids_in_log() == [w.event_id for w in before + after]
    assert rig.stored == before + after


async def test_a_doubtful_write_that_is_in_the_log_is_not_written_again(rig):
    written = rig.put(1)
    await rig.wait(1)
    rig.stored.clear()
    lane = rig.lanes._lanes[rig.partition]
    again, new = rig.put(1), rig.put(2)
    lane.waiting.clear()
    lane.doubtful.append(Batch([again, new], 2, written.offset))
    rig.lanes._recovery = asyncio.get_running_loop().create_task(rig.lanes._recover())
    await rig.wait(2)
    assert (again.offset, rig.stored) == (written.offset, [again, new])
    assert await rig.ids_in_log() == [written.event_id, new.event_id]


async def test_a_batch_that_no_broker_took_is_sent_again_under_its_numbers(rig, monkeypatch):
    producer, append, tried = rig.lanes._producer, rig.lanes._producer.append, []

    async def losing(leader, batches):
        tried.append(dict(batches))
        if len(tried) == 1:  # stored, and its answer is lost
            await append(leader, batches)
            raise KafkaConnectionError
        if len(tried) == 2:  # refused, as while another broker is elected
            return dict.fromkeys(batches, NotLeaderForPartitionError())
        return await append(leader, batches)

    monkeypatch.setattr(producer, "append", losing)
    first = rig.put(1)
    await asyncio.sleep(0)
    second = rig.put(2)
    await rig.wait(2)
    assert tried[0] == tried[1] == tried[2]
    assert rig.lanes._producer is producer
    assert rig.stored == [first, second]
    assert await rig.ids_in_log() == [first.event_id, second.event_id]


async def test_a_partition_without_a_leader_waits_for_one(rig, monkeypatch):
    producer, leader_of, asked = rig.lanes._producer, rig.lanes._producer.leader_of, []

    def leaderless(partition):
        asked.append(partition)
        return leader_of(partition) if len(asked) > 3 else None

    monkeypatch.setattr(producer, "leader_of", leaderless)
    write = rig.put(1)
    await rig.wait(1)
    assert (len(asked), await rig.ids_in_log()) == (4, [write.event_id])


async def test_what_no_broker_takes_for_long_is_looked_for_in_the_log(rig, monkeypatch):
    monkeypatch.setattr("ingest.lanes._BATCH_TIMEOUT_S", 0.2)
    producer, append = rig.lanes._producer, rig.lanes._producer.append

    async def losing(leader, batches):
        await append(leader, batches)
        raise RequestTimedOutError

    monkeypatch.setattr(producer, "append", losing)
    writes = [rig.put(n) for n in range(3)]
    await rig.wait(3)
    assert rig.lanes._producer is not producer
    assert rig.stored == writes
    assert await rig.ids_in_log() == [w.event_id for w in writes]


async def test_a_failure_behind_one_lane_holds_up_no_other(rig, monkeypatch):
    on_stored, told = rig.lanes._on_stored, []

    def failing(partition, base, writes):
        told.append(partition)
        if len(told) == 1:
            raise RuntimeError("a mistake of the node's")
        on_stored(partition, base, writes)

    monkeypatch.setattr(rig.lanes, "_on_stored", failing)
    rig.put(1)
    first = rig.partition
    while rig.partition == first:
        rig.room = str(uuid.uuid4())
        rig.partition = partition_of(rig.room)
    other = rig.put(2)
    await rig.wait(1)
    assert (told, rig.stored, rig.lanes.is_idle) == ([first, rig.partition], [other], True)
    await asyncio.sleep(0)
    after = rig.put(3)
    await rig.wait(2)
    assert rig.stored == [other, after]
