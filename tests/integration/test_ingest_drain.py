"""A node is told to stop: its clients go elsewhere without an error, and it ends by itself."""

import asyncio
import os
import signal
import uuid
from collections import Counter
from contextlib import suppress

from roomlog import ids
from roomlog.client import Client
from tests.integration.test_ingest_kill import records_of
from tests.wire import Wire, token_of


def process_of(stack, name):
    return next(s["pid"] for s in stack.status()["services"] if s["name"] == name)


async def is_gone(pid, within_s):
    for _ in range(int(within_s / 0.1)):
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            await asyncio.sleep(0.1)
            continue
        return True
    return False


async def test_a_node_drains_under_load_and_no_client_sees_an_error(stack):
    urls = stack.status()["ingest"]
    user = str(uuid.uuid4())
    client = await Client.connect(urls, token_of(stack.data, user, scope="bridge"))
    idle = await Wire.open(urls[0], token_of(stack.data, user))
    create = {"op": "create", "key": "c", "name": "r", "kind": "public"}
    room = (await client.request(create)).room
    acks = []

    async def post_all():
        for number in range(400):
            command = {"op": "send", "room": room, "key": f"k{number}", "text": "x"}
            acks.append(await client.request(command))

    posting = asyncio.create_task(post_all())
    while len(acks) < 50:
        await asyncio.sleep(0.01)
    pid = process_of(stack, "ingest-1")
    os.kill(pid, signal.SIGTERM)
    assert (await idle.next("reconnect"))["within_ms"] == 5_000
    await asyncio.wait_for(posting, 40)
    assert await idle.code() == 4001
    assert await is_gone(pid, 12)
    found = Counter(i for i, _ in (await records_of(stack, [room]))[room])
    wanted = [ids.event_id(user, room, f"k{n}") for n in range(400)]
    assert [a.event for a in acks] == wanted
    assert all(found[event] == 1 for event in wanted)
    await client.close()
