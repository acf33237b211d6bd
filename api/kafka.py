"""Topic user.events: the facts of people, stored with acks=all."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from roomlog.accounts import UserEvent
from roomlog.brokers import client_options
from schemas.codec import Codec

TOPIC = "user.events"
_TIMEOUT_S = 15.0
_PING_TIMEOUT_S = 2.0


class Stored(NamedTuple):
    """Where in the topic a fact is."""

    partition: int
    offset: int


class KafkaAway(RuntimeError):
    """The facts are not known to be stored; publish them again."""


class UserEvents:
    """Publishes facts in the order given. Connects when first needed."""

    def __init__(self, bootstrap: str, codec: Codec[UserEvent]) -> None:
        self._bootstrap, self._codec = bootstrap, codec
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()

    async def publish(self, events: Sequence[UserEvent]) -> list[Stored]:
        """Return where they are stored, once all are; raises KafkaAway."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                producer = await self._connected()
                stored = [
                    await producer.send(TOPIC, self._codec.encode(e), e.key.encode())
                    for e in events
                ]
                return [Stored(at.partition, at.offset) for at in await asyncio.gather(*stored)]
        except (KafkaError, OSError, TimeoutError) as error:
            # A producer that failed once may be poisoned for its partition: the next try gets a new one.
            await self.close()
            raise KafkaAway(f"{type(error).__name__}: {error}") from error

    async def ping(self) -> None:
        """Raise KafkaAway unless the broker answers."""
        try:
            async with asyncio.timeout(_PING_TIMEOUT_S):
                producer = await self._connected()
                await producer.client.fetch_all_metadata()
        except (KafkaError, OSError, TimeoutError) as error:
            raise KafkaAway(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Disconnect; what is not stored yet stays in the outbox."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError, OSError, TimeoutError):
                await asyncio.wait_for(producer.stop(), _PING_TIMEOUT_S)

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:  # many may want the first connection at once
            if self._producer is None:
                self._producer = await self._started()
            return self._producer

    async def _started(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **client_options(self._bootstrap),
            acks="all",
            enable_idempotence=True,
            client_id="roomlog-api",
            request_timeout_ms=10_000,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer
