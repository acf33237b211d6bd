"""Nodes die while clients write: whatever they retry elsewhere is in the log once, in its order."""

import asyncio
import time
import uuid
from collections import Counter

from aiokafka.errors import KafkaError

from ingest.kafka import EVENTS_TOPIC, LogReader, LogUnavailable
from roomlog import ids
from roomlog.client import Client
from roomlog.partitions import PARTITIONS, partition_of
from schemas.registry import Registry
from tests.people import Member, create_room
from tests.wire import token_of

ROOMS, MESSAGES, WINDOW = 4, 2_500, 64


async def open_log(brokers, within_s=40):
    """Return a reader of the log once Kafka answers."""
    deadline = time.monotonic() + within_s
    while True:
        log = LogReader(brokers, EVENTS_TOPIC)
        try:
            await log.start()
            await log.heads(range(PARTITIONS))
            return log
        except (KafkaError, LogUnavailable):
            await log.stop()
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.3)


async def records_of(stack, rooms):
    """Return `room -> [(event id, text)]` as the log has them."""
    status = stack.status()
    codec = Registry(status["registry"], stack.data).codecs().chat_events
    log = await open_log(status["kafka"])
    found = {room: [] for room in rooms}
    try:
        for partition in {partition_of(room) for room in rooms}:
            head = await log.head(partition)
            async for records in log.read(partition, 0, head):
                for record in records:
                    if (room := record.key.decode()) in found:
                        event = codec.decode(record.value)
                        found[room].append((event.event_id, getattr(event.body, "text", "")))
    finally:
        await log.stop()
    return found


async def post_all(client, room, user, progress):
    """Post in order with a window of unanswered commands; `progress` counts the acks."""
    acked, waiting = [], set()
    for number in range(MESSAGES):
        command = {"op": "send", "room": room, "key": f"k-{number}", "text": f"{number}"}
        future = client.submit(command)
        future.add_done_callback(lambda _: progress.update(acked=1))
        waiting.add(future)
        if len(waiting) >= WINDOW:
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        acked.append(future)
    acks = await asyncio.wait_for(asyncio.gather(*acked), 60)
    assert [a.event for a in acks] == [ids.event_id(user, room, f"k-{n}") for n in range(MESSAGES)]


async def test_a_node_killed_under_load_loses_and_repeats_nothing(stack):
    urls = stack.status()["ingest"]
    people = [str(uuid.uuid4()) for _ in range(ROOMS)]
    owners = [await Member.sign_in(stack.data, urls[1:], user=p) for p in people]
    rooms = [await create_room(o, kind="public") for o in owners]
    clients = [
        await Client.connect(urls, token_of(stack.data, p, scope="bridge"))  # no rate limit
        for p in people
    ]
    progress = Counter()
    posting = [
        asyncio.create_task(post_all(c, r, p, progress))
        for c, r, p in zip(clients, rooms, people, strict=True)
    ]
    for share, node in ((0.2, "ingest-1"), (0.5, "ingest-2")):
        async with asyncio.timeout(60):
            while progress["acked"] < share * ROOMS * MESSAGES:
                await asyncio.sleep(0.002)
        await asyncio.to_thread(stack.kill, node)  # the clients go on meanwhile
    await asyncio.gather(*posting)
    for client in (*clients, *(o.client for o in owners)):
        await client.close()

    found = await records_of(stack, rooms)
    for room in rooms:
        posts = found[room][1:]
        repeated = [i for i, count in Counter(i for i, _ in posts).items() if count > 1]
        assert repeated == []
        assert [text for _, text in posts] == [str(n) for n in range(MESSAGES)]
