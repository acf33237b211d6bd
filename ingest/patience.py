"""A time limit in which only time counts that this process could use."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_STEPS = 10


class Countdown:
    """Calls `on_end` after some seconds of a running event loop, unless it is cancelled before.

    After a loop was held up, timers come before what the sockets have: `asyncio.timeout` then ends what was
    answered long ago. A busy node would take its servers for dead just when it can bear that least. Here a stretch
    without the loop counts for a tenth of the limit at most.
    """

    __slots__ = ("_left", "_loop", "_on_end", "_step_s", "_timer")

    def __init__(self, seconds: float, on_end: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._step_s, self._left, self._on_end = seconds / _STEPS, _STEPS, on_end
        self._timer = self._loop.call_later(self._step_s, self._count)

    def _count(self) -> None:
        self._left -= 1
        if self._left:
            self._timer = self._loop.call_later(self._step_s, self._count)
        else:
            self._on_end()

    def cancel(self) -> None:
        """Stop counting."""
        self._timer.cancel()


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """Raise TimeoutError unless what is inside ends within some seconds of a running event loop."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:
        countdown = Countdown(seconds, lambda: limit.reschedule(loop.time()))
        try:
            yield
        finally:
            countdown.cancel()
