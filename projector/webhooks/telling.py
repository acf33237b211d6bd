"""Tells the owners of webhooks that were paused, by a notification of their own."""

import asyncio
import logging
import time
from contextlib import suppress

import psycopg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from projector.webhooks import sql
from roomlog.brokers import client_options
from roomlog.ids import derived_id
from roomlog.settings import Settings
from roomlog.signals import ChatSignal, UserNotified
from roomlog.topics import CHAT_SIGNALS
from schemas.codec import Codec

_LOOK_EVERY_S = 60.0
_RETRY_S = 2.0
_TIMEOUT_S = 10.0
_TEXT_CHARS = 140

log = logging.getLogger(__name__)


class Telling:
    """Looks for owners who were not told yet. At least once: told first, noted then."""

    def __init__(self, settings: Settings, codec: Codec[ChatSignal]) -> None:
        self._settings, self._codec = settings, codec
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Look at once: a webhook was paused."""
        self._awake.set()

    async def run(self) -> None:
        """Tell for ever; what cannot be told now is told later, and what a process left when it died."""
        while True:
            self._awake.clear()
            pause_s = _LOOK_EVERY_S
            try:
                await self._tell_some()
            except (psycopg.Error, KafkaError, TimeoutError) as error:
                log.warning("owners of paused webhooks are not told yet: %r", error)
                pause_s = _RETRY_S
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._awake.wait()

    async def _tell_some(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._settings.postgres, autocommit=True, connect_timeout=5
        )
        async with connection:
            untold = await (await connection.execute(sql.UNTOLD)).fetchall()
            if not untold:
                return
            producer = AIOKafkaProducer(**client_options(self._settings.kafka), acks="all")
            try:
                await asyncio.wait_for(producer.start(), _TIMEOUT_S)
                for webhook, room, owner, url, why, since, offset in untold:
                    text = f"The webhook to {url} is paused: {why}"[:_TEXT_CHARS]
                    now = time.time_ns() // 1_000
                    pause = derived_id("pause", webhook, str(since))
                    told = UserNotified(
                        owner, "webhook_paused", room, offset or 0, pause, at=now, text=text
                    )
                    value = self._codec.encode(ChatSignal("", now, told))
                    sent = producer.send_and_wait(CHAT_SIGNALS, value, key=owner.encode())
                    await asyncio.wait_for(sent, _TIMEOUT_S)
                    await connection.execute(sql.TOLD, [webhook])
            finally:
                await producer.stop()
