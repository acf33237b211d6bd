"""Kafka dies or stands still while clients write: clear errors meanwhile, then everything once."""

import asyncio
import os
import signal
import uuid
from collections import Counter

from roomlog import ids
from roomlog.client import Client
from roomlog.errors import ErrorCode, Refused
from tests.integration.test_ingest_kill import open_log, records_of
from tests.wire import token_of

MESSAGES = 3_000


async def write_through_an_outage(stack, begin, end):
    """Post while an outage begins and ends; every message is retried until it is acked."""
    user = str(uuid.uuid4())
    token = token_of(stack.data, user, scope="bridge")
    client = await Client.connect(stack.status()["ingest"][:1], token)
    await (await open_log(stack.status()["kafka"])).stop()  # Kafka is there to begin with
    create = {"op": "create", "key": "c", "name": "r", "kind": "public"}
    room = (await client.request(create)).room
    refused, acked = Counter(), []

    async def post(number):
        command = {"op": "send", "room": room, "key": f"k{number}", "text": f"{number}"}
        while True:
            try:
                acked.append((await client.request(command)).event)
                return
            except Refused as error:
                refused[error.code] += 1
                await asyncio.sleep((error.retry_after_ms or 100) / 1000)

    async def post_all():
        for number in range(0, MESSAGES, 10):
            await asyncio.gather(*(post(n) for n in range(number, number + 10)))

    posting = asyncio.create_task(post_all())
    while len(acked) < MESSAGES * 0.2:
        await asyncio.sleep(0.01)
    await asyncio.to_thread(begin)
    await end()
    await asyncio.wait_for(posting, 90)
    await client.close()
    found = Counter(i for i, _ in (await records_of(stack, [room]))[room])
    assert sorted(acked) == sorted(ids.event_id(user, room, f"k{n}") for n in range(MESSAGES))
    assert {i: c for i, c in found.items() if c > 1} == {}
    assert set(acked) <= set(found)
    assert set(refused) <= {ErrorCode.UNAVAILABLE}
    return refused


async def test_nothing_is_lost_or_repeated_when_kafka_is_killed(stack):
    async def end():
        await asyncio.sleep(0)  # the supervisor starts it again

    await write_through_an_outage(stack, lambda: stack.kill("kafka"), end)


async def test_a_broker_that_stands_still_gives_clear_errors_then_goes_on(stack):
    pid = next(s["pid"] for s in stack.status()["services"] if s["name"] == "kafka")

    async def end():
        await asyncio.sleep(10)
        os.kill(pid, signal.SIGCONT)

    refused = await write_through_an_outage(stack, lambda: os.kill(pid, signal.SIGSTOP), end)
    assert refused[ErrorCode.UNAVAILABLE] > 0
