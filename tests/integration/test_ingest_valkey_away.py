"""Valkey dies: chat goes on, keys go unchecked for a moment, deliveries come from the log."""

import asyncio
import time

from ingest.valkey import connect
from roomlog.leases import KNOWN_NODES


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
