"""Waiting for what can only be looked at, not waited for."""

import asyncio
from collections.abc import Callable

_LOOK_S = 0.05


async def wait_until(done: Callable[[], bool], within_s: float) -> bool:
    """Look every 50 ms; False where the time was too short."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not done():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(_LOOK_S)
    return True
