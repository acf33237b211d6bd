"""What takes in the log behind the projector: what is in the read models already, and no sooner."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor

from projector.batch import Place
from projector.kafka import Source
from projector.session import Session
from projector.worker import Worker

_RETRY_S, _RETRY_MAX_S = 0.03, 0.2
"""When to ask again how far the projector is: it writes at once after a quiet time, else every 0.4 s."""
_HURRIED_S = 0.01
"""The same when somebody begins to wait, for whom it writes at once."""


class Follower(Worker):
    """A worker that reads the same log with a consumer group of its own, and what it tells in the read models."""

    def __init__(self, source: Source, session: Session, thread: Executor) -> None:
        super().__init__(source, session, thread)
        self._waits = False

    @property
    def is_excused(self) -> bool:
        """Whether no progress is no fault of this process."""
        return super().is_excused or self._waits

    async def _are_projected(self, ends: Mapping[Place, int], generation: int) -> bool:
        """Return True once the projector has written it all; False where that is not of interest any more."""
        pause = _RETRY_S
        try:
            while not self._stopping.is_set() and generation == self._source.generation:
                self._waits = not await self._call(self._connected.are_projected, ends)
                if not self._waits:
                    return generation == self._source.generation
                try:
                    async with asyncio.timeout(pause):
                        await self._source.hurried.wait()
                except TimeoutError:
                    pause = min(pause * 2, _RETRY_MAX_S)
                else:
                    self._source.hurried.clear()
                    pause = _HURRIED_S
            return False
        finally:  # PostgreSQL may go away meanwhile: who waits no longer is not excused by it
            self._waits = False
