"""What the API writes into topics itself, all with acks=all: the facts of people, whom to tell, what to forget."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from roomlog.accounts import UserEvent
from roomlog.brokers import client_options
from roomlog.signals import ChatSignal, UserNotified
from roomlog.topics import CHAT_READS, CHAT_SIGNALS, USER_EVENTS
from schemas.codec import Codec

_TIMEOUT_S = 15.0
_PING_TIMEOUT_S = 2.0


class Stored(NamedTuple):
    """Where in the topic a fact is."""

    partition: int
    offset: int


class KafkaAway(RuntimeError):
    """The facts are not known to be stored; publish them again."""


class UserEvents:
    """Publishes the facts of topic user.events in the order given, and what else concerns people.

    Connects when first needed.
    """

    def __init__(self, bootstrap: str, codec: Codec[UserEvent], signals: Codec[ChatSignal]) -> None:
        self._bootstrap, self._codec, self._signals = bootstrap, codec, signals
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()

    async def publish(self, events: Sequence[UserEvent]) -> list[Stored]:
        """Return where they are stored, once all are; raises KafkaAway."""
        async with self._producing() as producer:
            stored = [
                await producer.send(USER_EVENTS, self._codec.encode(e), e.key.encode())
                for e in events
            ]
            return [Stored(at.partition, at.offset) for at in await asyncio.gather(*stored)]

    async def notify(self, told: UserNotified) -> None:
        """Tell a person something, wherever they are signed in; raises KafkaAway."""
        signal = ChatSignal("", time.time_ns() // 1_000, told)
        async with self._producing() as producer:
            key, value = told.user_id.encode(), self._signals.encode(signal)
            await producer.send_and_wait(CHAT_SIGNALS, value, key)

    async def forget_reads(self, keys: Sequence[str]) -> None:
        """Let compaction drop what stands under keys of topic chat.reads; raises KafkaAway."""
        async with self._producing() as producer:
            sent = [await producer.send(CHAT_READS, None, key.encode()) for key in keys]
            await asyncio.gather(*sent)

    @asynccontextmanager
    async def _producing(self) -> AsyncIterator[AIOKafkaProducer]:
        """Lend the producer for as long as storing may take; raises KafkaAway."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                yield await self._connected()
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
