"""The streams worker as a process: `roomlog streams`."""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Coroutine
from typing import Any

import uvloop

from roomlog import health, logs, metrics, preflight, tracing
from roomlog.settings import Settings, from_environment
from schemas.registry import Registry, RegistryError
from streams import kafka
from streams.notices import tell_for_ever
from streams.valkey import TIMEOUT_S, Valkey
from streams.watchdog import Watchdog
from streams.worker import Worker

log = logging.getLogger("streams")

DEFAULT_PORT = 8201
_STOP_WITHIN_S = 4.0
_ASK_EVERY_S = 5.0
_ANSWER_S = 2.0
_NOISY = ("faust", "mode", "streams.kafka", "streams.coalesce")


class Stuck(RuntimeError):
    """The worker has work and does none of it; whoever supervises it starts another."""


def main() -> None:
    """Run a worker until SIGTERM or SIGINT; the exit status is 1 where it failed or got stuck."""
    settings = from_environment()
    logs.set_up(settings, "streams", dict.fromkeys(_NOISY, logging.WARNING))
    logging.root.handlers[0].addFilter(_Seldom())
    # The consumer has a thread of its own: a busy loop must not keep it from the interpreter for long.
    sys.setswitchinterval(0.001)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # for the consumer's thread, too
    try:
        asyncio.run(run(settings))
    except preflight.Refused as error:
        raise SystemExit(f"roomlog streams: {error}") from None
    except (RegistryError, OSError, Stuck) as error:
        log.critical("%s", error)
        raise SystemExit(1) from None


async def run(settings: Settings) -> None:
    """Run a worker until a signal to stop; raises RegistryError, Refused, OSError (port taken), Stuck."""
    await preflight.require("streams", settings)
    registry = Registry(settings.registry, settings.data)
    codecs = await asyncio.to_thread(registry.codecs)
    valkey = Valkey(settings.valkey)
    traced = tracing.start(settings, "streams")
    worker = Worker(valkey, codecs.chat_signals, time.monotonic, traced)
    app = kafka.build(settings, worker)
    telling = tell_for_ever(
        worker.notices, codecs.chat_events, codecs.chat_signals, kafka.sender(app)
    )
    checks = {"partitions": _assigned(app, worker), "valkey": _reachable(valkey)}
    server = await health.serve(settings.host, settings.metrics_port or DEFAULT_PORT, checks)
    try:
        await _until_stopped(app, worker, telling, settings.kafka)
    finally:
        server.close()
        await _stop(app)
        await valkey.close()


async def _until_stopped(
    app: kafka.App, worker: Worker, telling: Coroutine[Any, Any, None], kafka_address: str
) -> None:
    """Return after a signal to stop; raises what ended any part before that."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    parts = [
        worker.publish_loop(),
        worker.progress_loop(),
        worker.mirror.write_for_ever(),
        worker.sweep_loop(),
        telling,
        _watch(app, worker),
        _consume(app, kafka_address),
        stop.wait(),
    ]
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


async def _consume(app: kafka.App, kafka_address: str) -> None:
    await app.start()
    await app.wait_until_stopped()
    if app.crash_reason:
        raise Stuck(preflight.explained(app.crash_reason, kafka_address)) from app.crash_reason


async def _watch(app: kafka.App, worker: Worker) -> None:
    watchdog = Watchdog(time.monotonic())
    while True:
        await asyncio.sleep(_ASK_EVERY_S)
        if reason := watchdog.stuck(await _lag(app), worker.examined, time.monotonic()):
            raise Stuck(reason)


async def _lag(app: kafka.App) -> int | None:
    """Return how many records wait, and show it; None where Kafka does not say."""
    try:
        async with asyncio.timeout(_ANSWER_S):
            found = await kafka.positions(app)
    except Exception as error:
        log.debug("Kafka did not tell the log's ends: %r", error)
        metrics.DEPENDENCY_UP.labels("kafka").set(0)
        return None
    metrics.DEPENDENCY_UP.labels("kafka").set(1)
    metrics.STREAMS_LAG.clear()  # another worker may have some of the partitions by now
    metrics.CONSUMER_NEXT.clear()
    for tp, at in found.items():
        metrics.STREAMS_LAG.labels(tp.topic, str(tp.partition)).set(at.lag)
        metrics.CONSUMER_NEXT.labels(tp.topic, str(tp.partition)).set(at.next)
    return sum(at.lag for at in found.values())


async def _stop(app: kafka.App) -> None:
    """Leave the group, so that others need not wait for the session to run out."""
    try:
        async with asyncio.timeout(_STOP_WITHIN_S):
            await app.stop()
    except Exception as error:
        log.warning("did not stop in order: %r", error)


def _assigned(app: kafka.App, worker: Worker) -> health.Check:
    async def check() -> str | None:
        return "partitions are being given out anew" if app.rebalancing else worker.waits_for()

    return check


def _reachable(valkey: Valkey) -> health.Check:
    async def check() -> str | None:
        async with asyncio.timeout(TIMEOUT_S):
            await valkey.ping()
        return None

    return check


class _Seldom(logging.Filter):
    """Passes the same message of a library once in ten seconds: clients of a dead broker repeat themselves."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is written."""
        key = (record.name, str(record.msg))
        if (
            record.name.startswith(("streams", "roomlog"))
            or record.created - self._last.get(key, 0) > 10
        ):
            self._last[key] = record.created
            return True
        return False
