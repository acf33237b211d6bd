"""The projector: `roomlog projector`."""

import asyncio
import gc
import sys
from concurrent.futures import ThreadPoolExecutor

from projector import cluster, service
from projector.kafka import DeadLetters, Source
from projector.loop import Projector
from projector.postgres import ReadModels
from roomlog import tracing
from roomlog.metrics import PROJECTOR_LAG
from roomlog.settings import Settings
from schemas.registry import Registry

DEFAULT_METRICS_PORT = 8301
# The thread that talks to PostgreSQL needs the interpreter a few times a transaction, for microseconds; it
# must not wait Python's usual 5 ms each time while the next batch is decoded.
_SWITCH_S = 0.0005
# Nothing of a batch is in cycles, but all of it is looked through again and again: a third of the work,
# with Python's usual threshold of 700 new objects.
_GC_THRESHOLDS = (50_000, 20, 50)


def main() -> None:
    """Run a projector until SIGTERM or SIGINT; exits 1 with a message where it cannot go on."""
    sys.setswitchinterval(_SWITCH_S)
    gc.set_threshold(*_GC_THRESHOLDS)
    service.main("projector", run)


async def run(settings: Settings) -> None:
    """Project the log of `settings.kafka` into `settings.postgres` until a signal says to stop.

    Raises RegistryError, WrongSchema, ForeignLog, Stuck, KafkaError or TimeoutError.
    """
    codecs = await asyncio.to_thread(Registry(settings.registry, settings.data).codecs)
    source, letters = Source(settings.kafka), DeadLetters(settings.kafka)
    models = ReadModels(settings.postgres)
    with ThreadPoolExecutor(1, "postgres") as thread:
        traced = tracing.start(settings, "projector")
        projector = Projector(source, models, letters, codecs, thread, traced)
        try:
            watching = cluster.watch(source)
            lag = PROJECTOR_LAG
            await service.work(settings, DEFAULT_METRICS_PORT, source, projector, lag, watching)
        finally:
            await letters.stop()
            models.close()
