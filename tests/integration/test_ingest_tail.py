"""The streams die: nodes read the log themselves, so that nobody waits for long."""

import asyncio
import time

from roomlog.cursors import parse_cursor


async def test_no_event_comes_late_when_the_streams_die(stack, two_members):
    alice, bob, room = two_members
    acked_at, seen_at, frames = {}, {}, []

    async def post_all():
        for number in range(120):
            ack = await alice.post(room, f"{number}")
            acked_at[ack.event] = time.monotonic()
            await asyncio.sleep(0.05)

    async def see_all():
        while len(frames) < 120:
            frames.append(await bob.next_event(room))
            seen_at[frames[-1]["id"]] = time.monotonic()

    work = asyncio.gather(post_all(), see_all())
    await asyncio.sleep(1)
    await asyncio.to_thread(stack.kill, "streams-1")
    await asyncio.wait_for(work, 40)
    assert [f["d"]["text"] for f in frames] == [str(n) for n in range(120)]
    assert [f["prev"] for f in frames[1:]] == [f["cursor"] for f in frames[:-1]]
    offsets = [parse_cursor(f["cursor"]).offset for f in frames]
    assert offsets == sorted(offsets)
    assert max(seen_at[event] - acked_at[event] for event in acked_at) < 1.0
