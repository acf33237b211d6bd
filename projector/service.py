"""What the services of this stage have in common: how one begins, how its work is watched, and how it ends."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

import uvloop
from aiokafka.errors import KafkaError
from prometheus_client import Gauge

from projector.batch import Place
from projector.kafka import ForeignLog, Source
from projector.pacing import BLIND_AFTER_S, STUCK_AFTER_S, CatchUp, Watchdog
from projector.readers import listen
from projector.session import WrongSchema
from projector.worker import Worker
from roomlog import health, logs, metrics, preflight
from roomlog.settings import Settings, from_environment
from roomlog.tasks import end
from schemas.registry import RegistryError

_WATCH_EVERY_S = 5.0
_STOP_WITHIN_S = 4.5

log = logging.getLogger(__name__)


class Stuck(RuntimeError):
    """The consumer has work and makes no progress; a new process is the cure."""


def main(name: str, run: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    """Run the service `name` until SIGTERM or SIGINT; exits 1 with a message where it cannot go on."""
    settings = from_environment()
    logs.set_up(settings, name)
    try:
        uvloop.run(_run(name, run, settings))
    except (RegistryError, WrongSchema, ForeignLog, Stuck, preflight.Refused) as error:
        raise SystemExit(f"roomlog {name}: {error}") from error
    except (KafkaError, TimeoutError) as error:
        told = preflight.explained(error, settings.kafka)
        raise SystemExit(f"roomlog {name}: {told}") from error


async def _run(
    name: str, run: Callable[[Settings], Coroutine[Any, Any, None]], settings: Settings
) -> None:
    await preflight.require(name, settings)
    await run(settings)


async def work(
    settings: Settings,
    port: int,
    source: Source,
    worker: Worker,
    lag: Gauge,
    *beside: Coroutine[None, None, None],
) -> None:
    """Let a worker work until a signal says to stop, with the health endpoints at `port`.

    What runs `beside` it is endless, and ends with it.

    Raises ForeignLog, KafkaError, Stuck, TimeoutError or WrongSchema.
    """
    watch = Watch(source, worker, lag)
    server = await _serve(settings.host, settings.metrics_port or port, watch.checks(), beside)
    try:
        await source.start()
        _stop_on_signals(worker)
        readers = listen(settings.postgres, source.hurry)
        await first_of(worker.run(), watch.run(), readers, *beside)
    finally:
        server.close()
        await source.stop()


async def _serve(
    host: str,
    port: int,
    checks: Mapping[str, health.Check],
    beside: Iterable[Coroutine[None, None, None]],
) -> asyncio.Server:
    try:
        return await health.serve(host, port, checks)
    except OSError as error:
        for work in beside:
            work.close()
        told = f"cannot listen on {host}:{port} ({error}); set ROOMLOG_METRICS_PORT to a free port"
        raise SystemExit(told) from error


class Watch:
    """Measures the lag, and ends the process where it does not shrink."""

    def __init__(self, source: Source, worker: Worker, lag: Gauge) -> None:
        self._source, self._worker, self._lag = source, worker, lag
        self._dog, self._catching_up = Watchdog(time.monotonic()), CatchUp()
        self._kafka_problem: str | None = "not asked yet"

    def checks(self) -> dict[str, health.Check]:
        """Return what /readyz asks: all is known from the work itself, nothing is sent."""

        async def kafka() -> str | None:
            return self._kafka_problem

        async def postgres() -> str | None:
            return self._worker.postgres_problem

        async def assignment() -> str | None:
            placed = self._source.joined and (self._worker.is_idle or not self._source.unplaced)
            return None if placed else "the consumer group has assigned no partitions yet"

        return {"kafka": kafka, "postgres": postgres, "assignment": assignment}

    async def run(self) -> None:
        """Look again and again; raises Stuck."""
        while True:
            await self._look()
            await asyncio.sleep(_WATCH_EVERY_S)

    async def _look(self) -> None:
        unplaced = 0 if self._worker.is_idle else len(self._source.unplaced)
        if self._dog.is_blind(time.monotonic(), unplaced, self._worker.is_excused):
            raise Stuck(
                f"{unplaced} partitions wait to be placed for {BLIND_AFTER_S:.0f} s: Kafka does not "
                "answer this process"
            )
        try:
            lag = await self._source.lag()
        except (KafkaError, TimeoutError) as error:
            self._kafka_problem = repr(error)
            metrics.DEPENDENCY_UP.labels("kafka").set(0)
            return
        now = time.monotonic()
        self._kafka_problem = None
        self._show(lag)
        behind = sum(lag.values())
        if told := self._catching_up.told_at(now, behind, self._worker.progress):
            log.info(told)
        if self._dog.is_stuck(now, behind, self._worker.progress, self._worker.is_excused):
            raise Stuck(f"{behind} records behind and no progress for {STUCK_AFTER_S:.0f} s")

    def _show(self, lag: Mapping[Place, int]) -> None:
        metrics.DEPENDENCY_UP.labels("kafka").set(1)
        metrics.DEPENDENCY_UP.labels("postgres").set(self._worker.postgres_problem is None)
        # Another process may have some of the partitions by now, and their lag.
        self._lag.clear()
        metrics.CONSUMER_NEXT.clear()
        for place, records in lag.items():
            labels = place.topic, str(place.partition)
            self._lag.labels(*labels).set(records)
            metrics.CONSUMER_NEXT.labels(*labels).set(self._source.next.get(place, 0))


def _stop_on_signals(worker: Worker) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        log.info("stopping after this batch")
        worker.stop()
        # What is not committed by then is read again by the next one: nothing to save.
        loop.call_later(_STOP_WITHIN_S, os._exit, 1)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


async def until_signal() -> None:
    """Return when a signal says to stop."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


async def first_of(*endless: Coroutine[None, None, None]) -> None:
    """Run until one returns or raises, and end the others."""
    tasks = [asyncio.ensure_future(one) for one in endless]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end(tasks)
