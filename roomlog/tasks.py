"""Tasks that run until they are told to end."""

import asyncio
from collections.abc import Iterable
from typing import Any

_AGAIN_S = 0.5


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and return once all have ended; what they raise is theirs.

    Until Python 3.12 `asyncio.wait_for`, which connection pools use as well, may swallow being cancelled. A loop
    then goes on for ever, so it is cancelled again until it has ended.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        ended, pending = await asyncio.wait(pending, timeout=_AGAIN_S)
        for task in ended:
            if not task.cancelled():
                task.exception()  # or asyncio tells that nobody asked for it
