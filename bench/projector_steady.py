"""What a message costs projector and PostgreSQL at steady rates, and how soon its row is there.

Messages go into the log one by one and into many rooms, as an ingest node writes them when nothing waits
for company. Only the servers and a projector run.
"""

import asyncio
import time
from collections.abc import Iterator

import psutil
import psycopg
from aiokafka import AIOKafkaProducer

from bench.cost import cpu_seconds, used
from bench.fill import Writer, fill, idempotent_producer
from bench.harness import SERVERS, Bench, Figures
from bench.sockets import percentile
from roomlog.events import ChatEvent
from roomlog.partitions import partition_of
from roomlog.stack import Stack
from roomlog.topics import CHAT_EVENTS
from schemas.codec import ChatEventCodec
from schemas.registry import Registry

RATES = (20, 400, 1_000)
_STAGES = ("projector", "postgres", "kafka")
_KNOWN_MESSAGES = 5_000
_WARM_S, _CALM_S = 1.0, 0.5
_LOOK_EVERY_S = 0.001
_SAMPLE_EVERY_S = 0.037
_NEXT = "SELECT next FROM projection_offsets WHERE topic = %s AND partition = %s"


class Load:
    """Appends a writer's messages at a steady rate; those that wait for a partition go together."""

    def __init__(self, producer: AIOKafkaProducer, codec: ChatEventCodec, writer: Writer) -> None:
        self._producer, self._codec = producer, codec
        self._events = _endless(writer)
        self._waiting: dict[int, list[ChatEvent]] = {}
        self.acked: tuple[int, int] | None = None
        """Partition and offset of a message that was acked just now."""

    async def run(self, rate: int, seconds: float) -> int:
        """Append for so long; return how many events that were, once all are acked."""
        start, count = time.monotonic(), round(rate * seconds)
        async with asyncio.TaskGroup() as sends:
            for number in range(count):
                if (wait := start + number / rate - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
                event = next(self._events)
                partition = partition_of(event.room_id)
                if partition in self._waiting:
                    self._waiting[partition].append(event)
                else:
                    self._waiting[partition] = [event]
                    sends.create_task(self._send(partition))
        return count

    async def _send(self, partition: int) -> None:
        while events := self._waiting[partition]:
            self._waiting[partition] = []
            batch = self._producer.create_batch()
            for event in events:
                value = self._codec.encode(event)
                batch.append(key=event.room_id.encode(), value=value, timestamp=None)
            sent = await self._producer.send_batch(batch, CHAT_EVENTS, partition=partition)
            self.acked = partition, (await sent).offset
        del self._waiting[partition]


def _endless(writer: Writer) -> Iterator[ChatEvent]:
    while True:
        yield from writer.events(1)


async def _watch_rows(load: Load, looker: psycopg.AsyncConnection, late: list[float]) -> None:
    """Add to `late`, now and then, how many seconds after its ack a message's row was there."""
    while True:
        await asyncio.sleep(_SAMPLE_EVERY_S)
        load.acked = None
        while load.acked is None:
            await asyncio.sleep(_LOOK_EVERY_S)
        (partition, offset), acked_at = load.acked, time.monotonic()
        while not await _is_there(looker, partition, offset):
            await asyncio.sleep(_LOOK_EVERY_S)
        late.append(time.monotonic() - acked_at)


async def _is_there(looker: psycopg.AsyncConnection, partition: int, offset: int) -> bool:
    row = await (await looker.execute(_NEXT, [CHAT_EVENTS, partition])).fetchone()
    return row is not None and row[0] > offset


def _cpu(stack: Stack, looker: psycopg.AsyncConnection) -> dict[str, float]:
    """Return processor seconds by stage, without what looking costs."""
    found = cpu_seconds(stack.status()["services"])
    times = psutil.Process(looker.info.backend_pid).cpu_times()
    found["postgres"] -= times.user + times.system
    return found


async def _at(
    stack: Stack, load: Load, looker: psycopg.AsyncConnection, rate: int, seconds: float
) -> Figures:
    await load.run(rate, _WARM_S)
    await asyncio.sleep(_CALM_S)
    late: list[float] = []
    before = _cpu(stack, looker)
    watching = asyncio.create_task(_watch_rows(load, looker, late))
    count = await load.run(rate, seconds)
    await asyncio.sleep(_CALM_S)
    cost = used(before, _cpu(stack, looker))
    watching.cancel()
    return {
        **{f"{stage}_us": round(cost[stage] / count * 1e6, 1) for stage in _STAGES},
        **{f"row_p{p}_ms": round(percentile(late, p / 100) * 1e3, 1) for p in (50, 99)},
    }


async def _measure(stack: Stack, writer: Writer, seconds: float) -> Figures:
    told = stack.status()
    codec = Registry(told["registry"]).codecs().chat_events
    producer = await idempotent_producer(told["kafka"])
    found: Figures = {}
    try:
        async with await psycopg.AsyncConnection.connect(
            told["postgres"], autocommit=True
        ) as looker:
            load = Load(producer, codec, writer)
            for rate in RATES:
                for name, value in (await _at(stack, load, looker, rate, seconds)).items():
                    found.setdefault(name, {})[str(rate)] = value
    finally:
        await producer.stop()
    return found


def steady(bench: Bench) -> Figures:
    """Costs of a message and how late its row is, by messages a second; `cpu_us` and `row_ms` at the most."""
    with bench.stack(only=[*SERVERS, "projector-1"]) as stack:
        writer = Writer()
        fill(stack, writer, _KNOWN_MESSAGES)
        found = asyncio.run(_measure(stack, writer, bench.seconds))
    stages = {stage: found[f"{stage}_us"][str(RATES[-1])] for stage in ("projector", "postgres")}
    most = {"cpu_us": round(sum(stages.values()), 1), "row_ms": found["row_p99_ms"][str(RATES[-1])]}
    return {**found, **most, "stages": stages}
