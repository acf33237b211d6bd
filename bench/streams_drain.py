"""How fast a streams worker alone works off a filled topic, and what an event costs it.

Fills chat.events of a running stack (one without workers) and starts a worker of its own:

    .venv/bin/roomlog up --only kafka,postgres,valkey,registry --detach --data /tmp/drain
    .venv/bin/python bench/streams_drain.py --data /tmp/drain --events 500000 --attached 0.5

`--attached` is the share of the rooms that a (pretended) node listens to: their events are published.
Rates are per second of the worker's CPU: events a second of one core.
"""

import argparse
import asyncio
import gzip
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import redis.asyncio
from aiokafka import AIOKafkaProducer

from roomlog.brokers import client_options
from roomlog.deliveries import decode_delivery, node_channel
from roomlog.events import ChatEvent, MessagePosted
from roomlog.leases import Lease, encode_lease, lease_key
from roomlog.partitions import PARTITIONS, partition_of
from roomlog.signals import ChatSignal, RoomAttached
from roomlog.stack.ports import is_free
from roomlog.topics import CHAT_EVENTS, CHAT_SIGNALS
from schemas.registry import Codecs, Registry

IRC = Path(__file__).resolve().parents[2] / "shared" / "data" / "irc"
NODE = "bench-00000000"


def lines() -> Iterator[tuple[str, str, str]]:
    """Yield room, sender and text: real chat where there is some, else made-up lines."""
    files = sorted(IRC.glob("*.jsonl.gz"))
    for file in files:
        with gzip.open(file, "rt") as read:
            for line in read:
                said = json.loads(line)
                yield said["room"], said["sender"], said["text"] or ""
    for n in itertools.count() if not files else ():
        yield f"room {n % 300}", f"person {n % 1000}", f"message {n} " + "lorem ipsum " * (n % 9)


def records(codecs: Codecs, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield room id and value of as many events."""
    for n, (room, sender, text) in zip(range(count), itertools.cycle(lines()), strict=False):
        room_id = str(uuid.uuid5(uuid.NAMESPACE_URL, room))
        event = ChatEvent(
            event_id=str(uuid.uuid4()),
            room_id=room_id,
            workspace_id="",
            sender_id=str(uuid.uuid5(uuid.NAMESPACE_URL, sender)),
            key=str(n),
            occurred_at=time.time_ns() // 1000,
            node="bench",
            body=MessagePosted(text),
        )
        yield room_id, codecs.chat_events.encode(event)


async def fill(kafka: str, codecs: Codecs, count: int) -> set[str]:
    """Write events, and return their rooms."""
    producer = AIOKafkaProducer(**client_options(kafka), acks="all", enable_idempotence=True)
    await producer.start()
    rooms: set[str] = set()
    sent: list[asyncio.Future[object]] = []
    waiting = {p: producer.create_batch() for p in range(PARTITIONS)}
    for room, value in records(codecs, count):
        rooms.add(room)
        partition = partition_of(room)
        while waiting[partition].append(key=room.encode(), value=value, timestamp=None) is None:
            full, waiting[partition] = waiting[partition], producer.create_batch()
            sent.append(await producer.send_batch(full, CHAT_EVENTS, partition=partition))
    for partition, batch in waiting.items():
        if batch.record_count():
            sent.append(await producer.send_batch(batch, CHAT_EVENTS, partition=partition))
    await asyncio.gather(*sent)
    await producer.stop()
    return rooms


async def pretend_node(valkey: str, seen: list[int]) -> None:
    """Hold a lease and count the records that are published to this node."""
    client = redis.asyncio.Redis.from_url(valkey)
    listening = client.pubsub()
    await listening.subscribe(node_channel(NODE))
    renewed = 0.0
    while True:
        if time.monotonic() - renewed > 1:
            lease = encode_lease(Lease("bench", "ws://bench"))
            await client.set(lease_key(NODE), lease, px=3000)
            renewed = time.monotonic()
        message = await listening.get_message(ignore_subscribe_messages=True, timeout=0.2)
        if message:
            for part in getattr(decode_delivery(message["data"]), "ranges", ()):
                seen[0] += len(part.records)


async def attach(kafka: str, codecs: Codecs, rooms: list[str]) -> None:
    """Tell the worker that the pretended node listens to these rooms."""
    producer = AIOKafkaProducer(**client_options(kafka))
    await producer.start()
    for room in rooms:
        signal = ChatSignal(NODE, time.time_ns() // 1000, RoomAttached(room, {}))
        value = codecs.chat_signals.encode(signal)
        await producer.send(CHAT_SIGNALS, value, key=room.encode(), partition=partition_of(room))
    await producer.stop()


async def examined(url: str) -> int:
    """Return the worker's count of examined events."""
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"{url}/metrics")).text
    return int(float(text.split("\nstreams_events_total ")[1].split("\n")[0]))


async def until_ready(url: str) -> None:
    """Wait until the worker says that it is ready."""
    async with httpx.AsyncClient() as http:
        while True:
            try:
                if (await http.get(f"{url}/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.02)


def start_worker(status: dict[str, str], port: int, data: str) -> subprocess.Popen[bytes]:
    """Start a worker on the stack's servers."""
    env = {
        **os.environ,
        "ROOMLOG_KAFKA": status["kafka"],
        "ROOMLOG_VALKEY": status["valkey"],
        "ROOMLOG_REGISTRY": status["registry"],
        "ROOMLOG_METRICS_PORT": str(port),
        "ROOMLOG_DATA": data,
    }
    return subprocess.Popen([sys.executable, "-m", "roomlog.cli", "streams"], env=env)


async def drain(status: dict[str, str], events: int, attached: float) -> dict[str, float]:
    """Run the benchmark once and return its figures."""
    codecs = Registry(status["registry"]).codecs()
    port = next(filter(is_free, range(27_000, 28_000)))
    url = f"http://127.0.0.1:{port}"
    seen = [0]
    with tempfile.TemporaryDirectory() as data:
        # A first life commits whatever is there already, so that only what is filled in is measured.
        worker = start_worker(status, port, data)
        await until_ready(url)
        before = -1
        while (now := await examined(url)) != before:
            before = now
            await asyncio.sleep(2)
        worker.terminate()
        worker.wait()
        rooms = sorted(await fill(status["kafka"], codecs, events))
        node = asyncio.create_task(pretend_node(status["valkey"], seen))
        worker = start_worker(status, port, data)
        await until_ready(url)
        started, cpu_start = time.perf_counter(), _cpu(worker.pid)
        base = await examined(url)
        await attach(status["kafka"], codecs, rooms[: round(len(rooms) * attached)])
        while await examined(url) < events:
            await asyncio.sleep(0.05)
        took, cpu = time.perf_counter() - started, _cpu(worker.pid) - cpu_start
        await asyncio.sleep(5)
        idle = _cpu(worker.pid)
        await asyncio.sleep(5)
        idle = (_cpu(worker.pid) - idle) / 5
        memory = psutil.Process(worker.pid).memory_info().rss >> 20
        worker.terminate()
        worker.wait()
        node.cancel()
    done = events - base
    return {
        "events": done,
        "per_s": round(done / took),
        "per_core_s": round(done / cpu),
        "cpu_us": round(cpu / done * 1e6, 2),
        "published": seen[0],
        "memory_mib": memory,
        "idle_core_percent": round(idle * 100, 1),
    }


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", required=True, help="data directory of a running stack")
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--attached", type=float, default=0.5, help="share of rooms listened to")
    options = parser.parse_args()
    command = [sys.executable, "-m", "roomlog.cli", "status", "--json", "--data", options.data]
    status = json.loads(subprocess.check_output(command))
    print(json.dumps(asyncio.run(drain(status, options.events, options.attached)), indent=1))


if __name__ == "__main__":
    main()
