"""What this node tells the streams: signals of one turn of the event loop go out as batches.

They are not history: one that is lost is made good by the next snapshot, so nothing waits for them.
"""

import asyncio
import logging
import time
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from ingest.kafka import SIGNALS_TOPIC, abandon, start_producer
from roomlog.partitions import partition_of
from roomlog.signals import ChatSignal, SignalBody
from schemas.codec import Codec

_TIMEOUT_S = 15.0
_MAX_WAITING = 100_000
_log = logging.getLogger(__name__)


class Signals:
    """Sends signals to topic chat.signals, those of a partition in their order."""

    def __init__(self, brokers: str, codec: Codec[ChatSignal], incarnation: str) -> None:
        self._brokers, self._codec, self._node = brokers, codec, incarnation
        self._producer: AIOKafkaProducer | None = None
        self._waiting: list[tuple[str, SignalBody]] = []
        self._wake, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._sender: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect; raises KafkaError when no broker answers."""
        self._producer = await start_producer(self._brokers, 1)
        self._sender = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Send what is waiting, within a second, and disconnect."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._idle.wait()
        if self._sender is not None:
            self._sender.cancel()
        if self._producer is not None:
            await abandon(self._producer, 1.0)

    def send(self, key: str, body: SignalBody) -> None:
        """Send a signal at the end of this turn; `key` is its room or, for what is a user's, the user."""
        if len(self._waiting) < _MAX_WAITING:
            self._waiting.append((key, body))
            self._wake.set()
            self._idle.clear()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            waiting, self._waiting = self._waiting, []
            try:
                await self._produce(waiting)
            except (KafkaError, TimeoutError, OSError) as error:
                _log.warning("%d signals are lost: %r", len(waiting), error)
            if not self._waiting:
                self._idle.set()

    async def _produce(self, waiting: list[tuple[str, SignalBody]]) -> None:
        now = time.time_ns() // 1_000
        by_partition: dict[int, list[tuple[bytes, bytes]]] = {}
        for key, body in waiting:
            value = self._codec.encode(ChatSignal(self._node, now, body))
            by_partition.setdefault(partition_of(key), []).append((key.encode(), value))
        async with asyncio.timeout(_TIMEOUT_S):
            sends = [self._send(p, records) for p, records in by_partition.items()]
            await asyncio.gather(*sends)

    async def _send(self, partition: int, records: list[tuple[bytes, bytes]]) -> None:
        if self._producer is None:
            return
        at = 0
        while at < len(records):
            batch = self._producer.create_batch()
            while at < len(records):
                key, value = records[at]
                if batch.append(timestamp=None, key=key, value=value) is None:
                    break
                at += 1
            batch.close()
            await (await self._producer.send_batch(batch, SIGNALS_TOPIC, partition=partition))
