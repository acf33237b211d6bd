"""Space between the fetches of an aiokafka consumer.

A fetch costs the broker and the client about a millisecond of processor time, however little it brings:
both look at every partition. A consumer that asks again at once pays that for each message of a steady
trickle.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

_LOOK_EVERY_S = 1.0
"""How often a consumer looks at all of its partitions though nothing happened: aiokafka's five times a second
are half of what one costs that has nothing to do."""


_WHILE_BEHIND_MS = 50
"""How long the broker may hold an empty fetch that leaves out partitions whose records are not all taken yet."""


class Spacing:
    """Lets fetches begin `seconds` apart at least; after a quiet time the next one does not wait.

    Belongs to the event loop of its consumer.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._last = float("-inf")
        self._hurry = asyncio.Event()

    def keep(self, fetcher: Any) -> None:
        """Keep this space between the fetches of a started consumer (its `_fetcher`)."""
        fetcher._fetcher_timeout = _LOOK_EVERY_S
        fetcher._get_actions_per_node = _not_held_while_behind(fetcher)
        fetcher._proc_fetch_request = self._spaced(fetcher._proc_fetch_request)

    def hurry(self) -> None:
        """Let the next fetch begin at once, or the one that waits."""
        self._hurry.set()

    def _spaced(self, fetch: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
        async def spaced(*arguments: Any) -> bool:
            wait = self._last + self.seconds - time.monotonic()
            if wait > 0:
                try:
                    await asyncio.wait_for(self._hurry.wait(), wait)
                except TimeoutError:
                    pass
                except asyncio.CancelledError:
                    return False  # as aiokafka's own fetches end: who closes a consumer awaits them
            self._hurry.clear()
            self._last = time.monotonic()
            return await fetch(*arguments)

        return spaced


def _not_held_while_behind(fetcher: Any) -> Callable[..., Any]:
    """Return what plans the next fetches, of which none is held for long that a busy partition has to wait for.

    aiokafka leaves a partition out of a fetch as long as its records are not all taken. There is one fetch at a time,
    so what comes to that partition would wait until something comes to another, or the fetch is not held any longer.
    """
    plan, held_ms = fetcher._get_actions_per_node, fetcher._fetch_max_wait_ms

    def planned(assignment: Any) -> Any:
        fetcher._fetch_max_wait_ms = _WHILE_BEHIND_MS if fetcher._records else held_ms
        return plan(assignment)

    return planned
