"""`roomlog scale` on a running stack: nodes and workers come and go, and people miss nothing."""

import asyncio
import uuid

from roomlog.client import Client
from tests.cli import roomlog, roomlog_json
from tests.wire import Wire, token_of


def names_of(stack):
    return {service.name for service in stack.running().services}


async def scale(stack, *kinds):
    return await asyncio.to_thread(roomlog_json, "scale", *kinds, "--data", stack.data)


async def post_until(over, client, room):
    posted = []
    while not over.is_set():
        posted.append((await client.send(room, "x")).event)
        await asyncio.sleep(0.05)
    return posted


async def read_all(events, seen):
    async for event in events:
        seen.append(event["id"])


async def test_more_and_fewer_while_people_chat(stack):
    before, nodes, user = names_of(stack), stack.running().ingest, str(uuid.uuid4())
    token, over, seen = token_of(stack.data, user), asyncio.Event(), []
    writer = await Client.connect(nodes, token)
    room = (await writer.request({"op": "create", "key": "c", "name": "s", "kind": "public"})).room
    posting = asyncio.create_task(post_until(over, writer, room))

    more = await scale(stack, "ingest=3", "streams=2")
    assert [c["change"]["name"] for c in more] == ["ingest-3", "streams-2"]
    assert names_of(stack) == before | {"ingest-3", "streams-2"}
    (new,) = set(stack.running().ingest) - set(nodes)
    reader, idle = await Client.connect([new, *nodes], token), await Wire.open(new, token)
    async with reader.room(room, "1:-1") as events:
        reading = asyncio.create_task(read_all(events, seen))
        fewer = await scale(stack, "streams=1", "ingest=2")
        assert await idle.code() == 4001
        over.set()
        posted = await posting
        async with asyncio.timeout(10):
            while posted[-1] not in seen:
                await asyncio.sleep(0.05)
        reading.cancel()
    assert [event for event in seen if event in set(posted)] == posted
    assert names_of(stack) == before
    assert all(0 < c["rebalance_s"] < 10 for c in (more[1], fewer[0]))
    await asyncio.gather(writer.close(), reader.close())


def test_nonsense_changes_nothing(stack):
    before = names_of(stack)
    ended = roomlog("scale", "ingest=3", "projector=99", "--data", stack.data, check=False)
    assert ended.returncode == 1
    assert "at most 24" in ended.stderr
    assert names_of(stack) == before
