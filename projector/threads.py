"""Blocking calls, such as those of a session with PostgreSQL, beside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class OnThread:
    """What has one thread for its blocking calls."""

    def __init__(self, thread: Executor) -> None:
        self._thread = thread

    async def _call(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call a function on the thread; returns or raises what it does."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: function(*args, **kwargs))
