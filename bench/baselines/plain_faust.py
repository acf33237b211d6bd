"""Plain Faust: one agent that gets one event at a time, and does with it what the product's worker does.

Reads the rooms that somebody listens to from standard input, works off a filled chat.events, and prints
its figures. What follows is not published, which the product's worker does:

    python -m bench.baselines.plain_faust KAFKA EVENTS < ROOMS
"""

import asyncio
import json
import sys
import time

import faust
import uvloop

from roomlog.partitions import PARTITIONS, partition_of
from roomlog.topics import CHAT_EVENTS
from streams.fanout import examine
from streams.tables import Partition

_NODE = "bench"
_TAKEN_EVERY = 1_000


def tables(rooms: list[str]) -> dict[int, Partition]:
    """Return the tables of a worker when one node listens to these rooms."""
    found = {number: Partition(number) for number in range(PARTITIONS)}
    for room in rooms:
        partition = found[partition_of(room)]
        partition.attach(_NODE, partition.room(room), {})
    return found


class Count:
    """How many events were examined, and what that took since the first."""

    def __init__(self, wanted: int) -> None:
        self._wanted, self.done = wanted, 0
        self.all = asyncio.Event()
        self._began = self._cpu = 0.0

    def one(self) -> None:
        if not self.done:
            self._began, self._cpu = time.perf_counter(), time.process_time()
        self.done += 1
        if self.done == self._wanted:
            self.took = time.perf_counter() - self._began
            self.cpu = time.process_time() - self._cpu
            self.all.set()


async def work(kafka: str, events: int, rooms: list[str]) -> dict[str, float]:
    """Work off so many events of the topic; return events a second, also of processor time."""
    partitions, count = tables(rooms), Count(events)
    app = faust.App(
        "bench-plain-faust",
        broker=f"kafka://{kafka}",
        autodiscover=False,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    topic = app.topic(CHAT_EVENTS, key_serializer="raw", value_serializer="raw")

    @app.agent(topic, name="examine", concurrency=1)
    async def _examine(stream: faust.Stream) -> None:
        async for event in stream.events():
            partition = partitions[event.message.partition]
            examine(partition, [event.message])
            count.one()
            if not count.done % _TAKEN_EVERY:
                partition.pending.clear()

    running = asyncio.create_task(app.start())
    await count.all.wait()
    await app.stop()
    await running
    return {"per_s": round(events / count.took), "per_core_s": round(events / count.cpu)}


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asked = [line.strip() for line in sys.stdin]
    print(json.dumps(asyncio.run(work(sys.argv[1], int(sys.argv[2]), asked))))
