"""Whatever happens in a task, it ends when it is told to."""

import asyncio
import logging

from roomlog.tasks import end


async def test_a_loop_that_swallows_being_cancelled_ends_as_well():
    swallowed = asyncio.Event()

    async def loop():
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if swallowed.is_set():
                    raise
                swallowed.set()

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end([task])
    assert swallowed.is_set()
    assert task.cancelled()


async def test_what_a_task_raises_at_its_end_is_told_to_nobody(caplog):
    async def failing():
        try:
            await asyncio.sleep(60)
        finally:
            raise OSError("gone")

    tasks = [asyncio.create_task(failing()) for _ in range(3)]
    await asyncio.sleep(0)
    with caplog.at_level(logging.ERROR):
        await end(tasks)
        del tasks
    assert not caplog.records


async def test_nothing_to_end():
    await end([])
