"""The projector: `roomlog projector`."""

import asyncio
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor

import uvloop
from aiokafka.errors import KafkaError

from projector.kafka import DeadLetters, ForeignLog, Source
from projector.loop import Projector
from projector.pacing import STUCK_AFTER_S, Watchdog
from projector.postgres import ReadModels, WrongSchema
from projector.readers import listen
from roomlog import health
from roomlog.metrics import PROJECTOR_LAG
from roomlog.settings import Settings, from_environment
from schemas.registry import Registry, RegistryError

DEFAULT_METRICS_PORT = 8301
_WATCH_EVERY_S = 2.0
_STOP_WITHIN_S = 4.5
# The thread that talks to PostgreSQL needs the interpreter a few times a transaction, for microseconds; it
# must not wait Python's usual 5 ms each time while the next batch is decoded.
_SWITCH_S = 0.0005
# Nothing of a batch is in cycles, but all of it is looked through again and again: a third of the work,
# with Python's usual threshold of 700 new objects.
_GC_THRESHOLDS = (50_000, 20, 50)

log = logging.getLogger(__name__)


class Stuck(RuntimeError):
    """The consumer has work and makes no progress; a new process is the cure."""


def main() -> None:
    """Run a projector until SIGTERM or SIGINT; exits 1 with a message where it cannot go on."""
    settings = from_environment()
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for talkative in ("aiokafka", "httpx"):
        logging.getLogger(talkative).setLevel("WARNING")
    sys.setswitchinterval(_SWITCH_S)
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    try:
        uvloop.run(run(settings))
    except (RegistryError, WrongSchema, ForeignLog, Stuck) as error:
        raise SystemExit(f"roomlog projector: {error}") from error
    except (KafkaError, TimeoutError) as error:
        raise SystemExit(
            f"roomlog projector: Kafka at {settings.kafka} does not answer ({error!r}); is it running?"
        ) from error


async def run(settings: Settings) -> None:
    """Project the log of `settings.kafka` into `settings.postgres` until a signal says to stop.

    Raises RegistryError, WrongSchema, ForeignLog, Stuck, KafkaError or TimeoutError.
    """
    codecs = await asyncio.to_thread(Registry(settings.registry, settings.data).codecs)
    source, letters = Source(settings.kafka), DeadLetters(settings.kafka)
    models = ReadModels(settings.postgres)
    with ThreadPoolExecutor(1, "postgres") as thread:
        projector = Projector(source, models, letters, codecs, thread)
        watch = Watch(source, projector)
        port = settings.metrics_port or DEFAULT_METRICS_PORT
        server = await health.serve(settings.host, port, watch.checks())
        try:
            await source.start()
            _stop_on_signals(projector)
            await _first_of(projector.run(), watch.run(), listen(settings.postgres, source.hurry))
        finally:
            server.close()
            await source.stop()
            await letters.stop()
            models.close()


class Watch:
    """Measures the lag, and ends the process where it does not shrink."""

    def __init__(self, source: Source, projector: Projector) -> None:
        self._source, self._projector = source, projector
        self._dog = Watchdog(time.monotonic())
        self._kafka_problem: str | None = "not asked yet"

    def checks(self) -> dict[str, health.Check]:
        """Return what /readyz asks: all is known from the work itself, nothing is sent."""

        async def kafka() -> str | None:
            return self._kafka_problem

        async def postgres() -> str | None:
            return self._projector.postgres_problem

        async def assignment() -> str | None:
            placed = self._source.joined and not self._source.unplaced
            return None if placed else "the consumer group has assigned no partitions yet"

        return {"kafka": kafka, "postgres": postgres, "assignment": assignment}

    async def run(self) -> None:
        """Look again and again; raises Stuck."""
        while True:
            await self._look()
            await asyncio.sleep(_WATCH_EVERY_S)

    async def _look(self) -> None:
        try:
            lag = await self._source.lag()
        except (KafkaError, TimeoutError) as error:
            self._kafka_problem = repr(error)
            return
        now = time.monotonic()
        self._kafka_problem = None
        for place, records in lag.items():
            PROJECTOR_LAG.labels(place.topic, str(place.partition)).set(records)
        behind, excused = sum(lag.values()), self._projector.postgres_problem is not None
        if self._dog.is_stuck(now, behind, self._projector.projected, excused):
            raise Stuck(f"{behind} records behind and no progress for {STUCK_AFTER_S:.0f} s")


def _stop_on_signals(projector: Projector) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        log.info("stopping after this batch")
        projector.stop()
        # What is not committed by then is read again by the next one: nothing to save.
        loop.call_later(_STOP_WITHIN_S, os._exit, 1)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


async def _first_of(*endless: Coroutine[None, None, None]) -> None:
    """Run until one returns or raises, and end the others."""
    tasks = [asyncio.ensure_future(one) for one in endless]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
