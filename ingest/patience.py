"""A time limit in which only time counts that this process could use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_STEPS = 10


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """Raise TimeoutError unless what is inside ends within some seconds of a running event loop.

    After a loop was held up, timers come before what the sockets have: `asyncio.timeout` then ends what was
    answered long ago. A busy node would take its servers for dead just when it can bear that least. Here a stretch
    without the loop counts for a tenth of the limit at most.
    """
    loop = asyncio.get_running_loop()
    step, left = seconds / _STEPS, _STEPS
    timer: asyncio.TimerHandle

    def count() -> None:
        nonlocal left, timer
        left -= 1
        if left:
            timer = loop.call_later(step, count)
        else:
            limit.reschedule(loop.time())

    async with asyncio.timeout(None) as limit:
        timer = loop.call_later(step, count)
        try:
            yield
        finally:
            timer.cancel()
