"""Nothing is lost when workers that read coalesced batches are killed with -9, again and again."""

import asyncio
import collections
import random
import signal
import struct
import subprocess
import sys
import time
import uuid

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

PARTITIONS = 12
RATE = 2_000
SECONDS = 18
KILLS = 3
NUMBER = struct.Struct(">Q")


@pytest.fixture
async def topic(stack):
    name = f"test.coalesce.{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.status()["kafka"])
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1)])
    yield name
    await admin.delete_topics([name])
    await admin.close()


async def produce(broker, topic):
    """Write the numbers 0, 1, 2... at RATE for SECONDS, and return how many."""
    producer = AIOKafkaProducer(bootstrap_servers=broker, acks="all", linger_ms=5)
    await producer.start()
    count, start = 0, time.monotonic()
    while (spent := time.monotonic() - start) < SECONDS:
        sent = []
        while count < spent * RATE:
            key = b"room %d" % (count % 300)
            sent.append(await producer.send(topic, NUMBER.pack(count), key=key))
            count += 1
        await asyncio.gather(*sent)
        await asyncio.sleep(0.01)
    await producer.stop()
    return count


def counts(path):
    data = path.read_bytes() if path.exists() else b""
    return collections.Counter(n for (n,) in NUMBER.iter_unpack(data[: len(data) // 8 * 8]))


async def test_nothing_is_lost_under_kill_9(stack, topic, tmp_path):
    broker, seen = stack.status()["kafka"], tmp_path / "seen.bin"
    command = [sys.executable, "-m", "tests.integration.streams_coalesce_worker"]

    def start():
        with (tmp_path / "worker.log").open("ab") as log:
            argv = [*command, broker, topic, str(seen)]
            return subprocess.Popen(argv, stdout=log, stderr=log)

    workers = [start(), start()]
    producing = asyncio.create_task(produce(broker, topic))
    try:
        for kill in range(KILLS):
            await asyncio.sleep(random.uniform(0.8, 1.2) * SECONDS / (KILLS + 0.5))
            victim = kill % 2
            workers[victim].send_signal(signal.SIGKILL)
            workers[victim].wait()
            workers[victim] = start()
        total = await producing
        deadline = time.monotonic() + 30
        while len(counts(seen)) < total and time.monotonic() < deadline:
            await asyncio.sleep(0.5)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
        producing.cancel()
    found = counts(seen)
    lost = sorted(set(range(total)) - found.keys())
    again = found.total() - len(found)
    print(f"{total} records, {KILLS} kills: {len(lost)} lost, {again} processed again")
    assert lost == [], (tmp_path / "worker.log").read_text()[-3000:]
    assert again < total, "commits do not move"
