"""The sender of webhooks: `roomlog webhooks`."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from projector import service
from projector.kafka import Source
from projector.webhooks.feed import Feed, Refills
from projector.webhooks.http import Sender
from projector.webhooks.postgres import Queue
from projector.webhooks.sending import Sending
from projector.webhooks.telling import Telling
from roomlog import metrics
from roomlog.kafka import Log
from roomlog.outbound import networks
from roomlog.sealing import Sealing
from roomlog.settings import Settings
from roomlog.topics import CHAT_EVENTS
from schemas.registry import Registry

GROUP = "roomlog-webhooks"
DEFAULT_METRICS_PORT = 8501
_FETCH_EVERY_S = 0.1
_REFILL_BYTES = 1024 * 1024


def main() -> None:
    """Send webhooks until SIGTERM or SIGINT; exits 1 with a message where it cannot go on."""
    service.main("webhooks", run)


def _sealing(settings: Settings) -> Sealing:
    try:
        return Sealing(settings.secret_keys)
    except (OSError, ValueError) as error:
        raise SystemExit(f"roomlog webhooks: ROOMLOG_SECRET_KEYS: {error}") from error


async def run(settings: Settings) -> None:
    """Send what the webhooks in `settings.postgres` ask for until a signal says to stop.

    Raises RegistryError, WrongSchema, ForeignLog, Stuck, KafkaError, LogUnavailable or TimeoutError.
    """
    codecs = await asyncio.to_thread(Registry(settings.registry, settings.data).codecs)
    source = Source(settings.kafka, GROUP, (CHAT_EVENTS,), _FETCH_EVERY_S)
    queue, refilling = (
        Queue(settings.postgres, codecs.chat_events, settings.epoch) for _ in range(2)
    )
    sender = Sender(settings.outbound_http == "on", networks(settings.outbound_networks))
    telling = Telling(settings, codecs.chat_signals)
    needed = asyncio.Event()
    sending = Sending(
        settings.postgres,
        sender,
        _sealing(settings),
        settings.webhook_retry_s,
        telling.wake,
        needed,
    )
    with ThreadPoolExecutor(1, "postgres") as thread, ThreadPoolExecutor(1, "refill") as other:
        feed = Feed(source, queue, thread, sending.wake, needed)
        try:
            async with Log(settings.kafka, CHAT_EVENTS, _REFILL_BYTES) as log:
                refills = Refills(refilling, other, log, sending.wake, needed)
                beside = (sending.run(), refills.run(), telling.run())
                lag = metrics.WEBHOOKS_LAG
                await service.work(settings, DEFAULT_METRICS_PORT, source, feed, lag, *beside)
        finally:
            await sender.close()
            queue.close()
            refilling.close()
