"""What takes the log into PostgreSQL: turn after turn, through what goes away meanwhile and comes back."""

import asyncio
import logging
from abc import ABC, abstractmethod
from concurrent.futures import Executor
from contextlib import suppress
from typing import ClassVar

import tenacity
from aiokafka.errors import KafkaError
from prometheus_client import Counter

from projector.kafka import Source
from projector.pacing import retry_pause_s
from projector.session import Fenced, Session, Unavailable
from projector.threads import OnThread

_KAFKA_PAUSE_S = 1.0
_LONGEST_WAIT_S = 2.0


log = logging.getLogger(__name__)


class Worker(OnThread, ABC):
    """Takes in what `source` reads; `session` is used on `thread` alone, one call at a time."""

    FENCED: ClassVar[Counter]
    """Counts the batches that were given up because another process owns the partitions."""

    def __init__(self, source: Source, session: Session, thread: Executor) -> None:
        super().__init__(thread)
        self._source, self._connected = source, session
        self._stopping = asyncio.Event()
        self.progress = 0
        """How many offsets this process has moved on."""
        self.postgres_problem: str | None = "not connected yet"
        self._failures = self._progress_before = 0

    @property
    def is_excused(self) -> bool:
        """Whether no progress is no fault of this process."""
        return self.postgres_problem is not None

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to read its partitions for now."""
        return False

    def stop(self) -> None:
        """Finish what is being written, then return from `run`."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until stopped; raises what neither waiting nor trying again will change."""
        await self._connect()
        while not self._stopping.is_set():
            try:
                await self._turn()
            except Unavailable as error:
                log.warning("PostgreSQL is away, waiting for it: %s", error)
                self.postgres_problem = str(error)
                await self._begin_again()
                await self._pause()
                await self._connect()
            except Fenced as error:
                self.FENCED.inc()
                log.warning("gave up a batch, another process owns it: %s", error)
                await self._begin_again()
            except (KafkaError, TimeoutError) as error:
                log.warning("Kafka is away or refuses, trying again: %r", error)
                await self._begin_again()
                await asyncio.sleep(_KAFKA_PAUSE_S)
        await self._settle()

    async def _pause(self) -> None:
        """Wait, the longer the more often in a row it was in vain, but not beyond the stop."""
        if self.progress != self._progress_before:
            self._failures, self._progress_before = 0, self.progress
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), retry_pause_s(self._failures))
        self._failures += 1

    @abstractmethod
    async def _turn(self) -> None:
        """Read some records, and see to it that they are written."""

    async def _settle(self) -> None:  # nothing, where each turn ends with its writing
        """Wait for what is being written; raises what became of it."""

    async def _begin_again(self) -> None:
        """Forget what was read and not written, and read it again from the stored offsets."""
        self._source.forget()

    async def _place(self) -> None:
        """Read the partitions that are new here on from their stored offsets."""
        offsets = await self._call(self._connected.offsets, list(self._source.unplaced))
        await self._source.place(offsets)

    async def _connect(self) -> None:
        """Open the session, however long PostgreSQL is away; returns without one when stopped."""
        attempts = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(Unavailable),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=_LONGEST_WAIT_S),
            stop=lambda _: self._stopping.is_set(),
            before_sleep=tenacity.before_sleep_log(log, logging.INFO),
            reraise=True,
        )
        try:
            await attempts(self._call, self._connected.connect)
        except Unavailable:
            return
        self.postgres_problem = None
