"""Valkey dies: chat goes on, keys are looked for in the log for a while, deliveries come from there."""

import asyncio
import time
import uuid

import httpx

from ingest.valkey import connect
from roomlog.leases import KNOWN_NODES
from tests.people import Member, create_room
from tests.wire import token_of


async def test_chat_goes_on_without_valkey(stack, two_members):
    alice, bob, room = two_members
    acked_at, seen_at, texts = {}, {}, []

    async def post_all():
        for number in range(100):
            ack = await alice.post(room, f"{number}")
            acked_at[ack.event] = time.monotonic()
            await asyncio.sleep(0.05)

    async def see_all():
        while len(texts) < 100:
            frame = await bob.next_event(room)
            texts.append(frame["d"]["text"])
            seen_at[frame["id"]] = time.monotonic()

    work = asyncio.gather(post_all(), see_all())
    await asyncio.sleep(1)
    await asyncio.to_thread(stack.kill, "valkey")
    await asyncio.wait_for(work, 40)
    assert texts == [str(n) for n in range(100)]
    assert max(seen_at[event] - acked_at[event] for event in acked_at) < 1.5

    async with asyncio.timeout(20):  # the nodes are back in what Valkey knows
        while True:
            client = connect(stack.status()["valkey"])
            try:
                if await client.scard(KNOWN_NODES) >= 2:
                    break
            except OSError:
                pass
            finally:
                await client.aclose()
            await asyncio.sleep(0.2)


async def test_what_valkey_has_lost_is_found_in_the_log_by_any_node(stack):
    """Node 2 takes the room up only when the first event is in the read models."""
    status, key = stack.status(), str(uuid.uuid4())
    alice = await Member.sign_in(stack.data, status["ingest"][:1], "Alice")
    elsewhere = await alice.elsewhere(stack.data, status["ingest"][1:])
    room = await create_room(alice)
    first = await alice.post(room, "once", key=key)
    headers = {"Authorization": f"Bearer {token_of(stack.data, alice.user_id)}"}
    async with httpx.AsyncClient(base_url=status["api"], headers=headers) as http:
        read = await http.get(f"/rooms/{room}", params={"after_cursor": first.cursor})
    assert read.status_code == 200, read.text
    stack.wait_ready("valkey", other_than=stack.kill("valkey"))
    client = connect(status["valkey"])
    await client.delete(b"rk:" + uuid.UUID(first.event).bytes)  # a snapshot may have had it
    await client.aclose()
    again = await elsewhere.post(room, "once", key=key)
    assert (again.event, again.cursor) == (first.event, first.cursor)
    once_more = await alice.post(room, "once", key=key)
    assert once_more.cursor == first.cursor
    other = await elsewhere.post(room, "another")
    assert other.cursor != first.cursor
    for member in (alice, elsewhere):
        await member.client.close()
