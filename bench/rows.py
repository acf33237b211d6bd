"""The rows of the table: each starts the stack that it needs and returns its figures.

A figure is a number; `stages` has the processor time of each kind of service for one delivery or message.
"""

import asyncio
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench import projector_drain, sizes, slow_subscriber, streams_drain
from bench.cost import cpu_seconds, each_us, resident_bytes
from bench.durable import kept_percent
from bench.generator import Load, Plan
from roomlog.partitions import PARTITIONS
from roomlog.stack import Stack
from roomlog.topics import CHAT_EVENTS

Figures = dict[str, Any]
TEXT_BYTES = 64
SERVERS = ["postgres", "valkey", "kafka", "registry"]
IRC = Path(__file__).parents[2] / "shared" / "data" / "irc"
_SETTLE_S = 60.0


class Bench:
    """A place for files and the compiled load generator, shared by the rows."""

    def __init__(self, scratch: Path, generator: Path, seconds: float) -> None:
        self.scratch, self.generator, self.seconds = scratch, generator, seconds

    @contextmanager
    def stack(self, nodes: int = 1, only: list[str] | None = None) -> Iterator[Stack]:
        """Run a stack of its own, without rate limits."""
        os.environ["ROOMLOG_RATE_LIMITS"] = "off"
        data = self.scratch / uuid.uuid4().hex[:8]
        with Stack(data=str(data), nodes=nodes, web=False, **({"only": only} if only else {})) as s:
            yield s

    def plan(self, stack: Stack, rooms: int, members: int, connected: int | None = None) -> Path:
        """Write a plan: so many rooms of so many members, of whom the first one posts.

        Members sit on the stack's nodes in turn; the first `connected` of each room follow it.
        """
        plan = Plan(Path(stack.data), stack.status()["ingest"])

        async def fill() -> None:
            for _ in range(rooms):
                people = [str(uuid.uuid4()) for _ in range(members)]
                room = await plan.room(people)
                for place, user in enumerate(people[: connected or members]):
                    connection = plan.connect(user, place)
                    plan.follow(connection, room)
                    if place == 0:
                        plan.post(connection, room)

        asyncio.run(fill())
        return plan.write(self.scratch / f"plan-{uuid.uuid4().hex[:8]}")

    def load(self, stack: Stack, plan: Path, *arguments: object) -> tuple[Figures, Figures]:
        """Run the generator; return what it counted, and the servers' CPU seconds by kind.

        The CPU is counted until the projection has caught up: nothing is left for later.
        """
        load = Load(self.generator, plan, *arguments)
        time.sleep(1)
        services = stack.status()["services"]
        before = cpu_seconds(services)
        found = load.go()
        asyncio.run(settled(stack))
        after = cpu_seconds(services)
        _require_all(found)
        return found, {k: after[k] - before.get(k, 0.0) for k in after}


def _require_all(found: Figures) -> None:
    wrong = {k: found[k] for k in ("refused", "repeated", "disordered", "skipped", "closed")}
    if any(wrong.values()) or found["delivered"] != found["expected"]:
        raise SystemExit(f"not everything arrived as it should: {found}")


async def settled(stack: Stack) -> None:
    """Wait until the read models have all of the log, where a projector runs."""
    status = stack.status()
    if not any(s["name"].startswith("projector") for s in status["services"]):
        return
    query = "SELECT sum(next) FROM projection_offsets WHERE topic = %s"
    consumer = AIOKafkaConsumer(bootstrap_servers=status["kafka"])
    await consumer.start()
    try:
        places = [TopicPartition(CHAT_EVENTS, p) for p in range(PARTITIONS)]
        deadline = time.monotonic() + _SETTLE_S
        async with await psycopg.AsyncConnection.connect(
            status["postgres"], autocommit=True
        ) as database:
            while time.monotonic() < deadline:
                end = sum((await consumer.end_offsets(places)).values())
                row = await (await database.execute(query, [CHAT_EVENTS])).fetchone()
                if row and row[0] == end:
                    return
                await asyncio.sleep(0.2)
    finally:
        await consumer.stop()
    raise SystemExit("the read models did not catch up")


def _shared(seconds: Figures, count: int) -> Figures:
    stages = {k: round(v / count * 1e6, 2) for k, v in seconds.items()}
    return {"cpu_us": round(sum(stages.values()), 2), "stages": stages}


def _fanout(bench: Bench, rooms: int, members: int, rate: int) -> Figures:
    with bench.stack() as stack:
        plan = bench.plan(stack, rooms, members)
        bench.load(stack, plan, "rate", rate, 2, TEXT_BYTES)  # warm
        found, cpu = bench.load(stack, plan, "rate", rate, bench.seconds, TEXT_BYTES)
    latency = {f"{p}_ms": found["delivery_ms"][p] for p in ("p50", "p99")}
    return {**_shared(cpu, found["delivered"]), **latency}


def fanout_one(bench: Bench) -> Figures:
    """One room of 1,000."""
    return _fanout(bench, 1, 1_000, 20)


def fanout_many(bench: Bench) -> Figures:
    """Twenty rooms of 50."""
    return _fanout(bench, 20, 50, 400)


def _flood(bench: Bench, rooms: int, members: int, window: int) -> Figures:
    with bench.stack() as stack:
        plan = bench.plan(stack, rooms, members)
        found, cpu = bench.load(stack, plan, "flood", window, 2 * window, bench.seconds, TEXT_BYTES)
    per_s = round(found["delivered"] / found["seconds"])
    return {"per_s": per_s, **_shared(cpu, found["delivered"])}


def flood_one(bench: Bench) -> Figures:
    """One room of 1,000, as fast as it goes."""
    return _flood(bench, 1, 1_000, 512)


def flood_many(bench: Bench) -> Figures:
    """Twenty rooms of 50, as fast as it goes."""
    return _flood(bench, 20, 50, 256)


def _ingest(bench: Bench, stack: Stack) -> Figures:
    plan = bench.plan(stack, 100, 2)
    bench.load(stack, plan, "flood", 32, 1_000_000, 2, TEXT_BYTES)  # warm
    found, cpu = bench.load(stack, plan, "flood", 32, 1_000_000, bench.seconds, TEXT_BYTES)
    ack = {f"ack_{p}_ms": found["ack_ms"][p] for p in ("p50", "p99")}
    return {
        "per_s": round(found["acked"] / found["ack_seconds"]),
        **_shared(cpu, found["acked"]),
        **ack,
    }


def ingest_all(bench: Bench) -> Figures:
    """A hundred who post, with everything running."""
    with bench.stack() as stack:
        return _ingest(bench, stack)


def ingest_alone(bench: Bench) -> Figures:
    """A hundred who post; streams and projector catch up later."""
    with bench.stack(only=[*SERVERS, "ingest-1"]) as stack:
        return _ingest(bench, stack)


def durable(bench: Bench) -> Figures:
    """What was acked before every process was killed."""
    return {"kept_percent": kept_percent(bench.scratch / uuid.uuid4().hex[:8], settled)}


def idle(bench: Bench) -> Figures:
    """Ten thousand connections that follow nothing."""
    count = 10_000
    with bench.stack() as stack:
        plan = Plan(Path(stack.data), stack.status()["ingest"])
        for _ in range(count):
            plan.connect(str(uuid.uuid4()))
        services = stack.status()["services"]
        before = resident_bytes(services)["ingest"]
        load = Load(bench.generator, plan.write(bench.scratch / "idle"), "hold")
        time.sleep(5)
        after = resident_bytes(services)["ingest"]
        used = cpu_seconds(services)
        time.sleep(bench.seconds)
        idle_us = each_us(used, cpu_seconds(services), count)
        load.end()
    cores = sum(idle_us.values()) * count / 1e6 / bench.seconds
    return {"kib": round((after - before) / count / 1024, 2), "core_percent": round(cores * 100, 1)}


def across(bench: Bench) -> Figures:
    """From a sender on one node to a follower on another."""
    with bench.stack(nodes=2) as stack:
        plan = bench.plan(stack, 20, 2)
        bench.load(stack, plan, "rate", 1_000, 2, TEXT_BYTES)  # warm
        found, cpu = bench.load(stack, plan, "rate", 1_000, bench.seconds, TEXT_BYTES)
    latency = {f"{p}_ms": found["delivery_ms"][p] for p in ("p50", "p99")}
    return {**_shared(cpu, found["acked"]), **latency, "max_ms": found["delivery_ms"]["max"]}


def extreme(bench: Bench) -> Figures:
    """Five thousand messages to a room of 50."""
    with bench.stack() as stack:
        found, _ = bench.load(
            stack, bench.plan(stack, 1, 50), "count", 512, 2_000, 5_000, TEXT_BYTES
        )
    share = found["delivered"] / found["expected"] * 100
    return {"delivered_percent": share, "seconds": found["seconds"]}


def slow(bench: Bench) -> Figures:
    """A follower that stops reading, and what the others of its room notice."""
    with bench.stack() as stack:
        found = asyncio.run(slow_subscriber.run(stack.status(), Path(stack.data)))
    with_it = found["with_the_slow_one"]
    return {
        "seconds_to_4008": round(found["seconds_to_4008"], 1),
        "p99_ratio": round(found["p99_ratio"], 2),
        "node_mb": round(with_it["rss_mb"] - found["rss_mb_before"], 1),
    }


def streams(bench: Bench) -> Figures:
    """The events a worker examines."""
    with bench.stack(only=SERVERS) as stack:
        return asyncio.run(streams_drain.drain(stack.status(), 500_000, 0.5))


def projector(bench: Bench) -> Figures:
    """The events a projector brings into the read models."""
    with bench.stack(only=SERVERS) as stack:
        return projector_drain.measure(stack.status(), 240_000, IRC if IRC.is_dir() else None)


def how_large(bench: Bench) -> Figures:
    """The bytes of what is sent and stored, for `roomlog plan`."""
    with bench.stack(only=["valkey"]) as stack:
        return sizes.measure(stack.status()["valkey"], IRC if IRC.is_dir() else None)


def start(bench: Bench) -> Figures:
    """The whole stack, from nothing to ready."""
    began = time.monotonic()
    with bench.stack(nodes=2):
        return {"seconds": round(time.monotonic() - began, 2)}


ROWS: dict[str, Callable[[Bench], Figures]] = {
    "fanout-one": fanout_one,
    "fanout-many": fanout_many,
    "flood-one": flood_one,
    "flood-many": flood_many,
    "ingest-all": ingest_all,
    "ingest-alone": ingest_alone,
    "durable": durable,
    "idle": idle,
    "across": across,
    "extreme": extreme,
    "slow": slow,
    "streams": streams,
    "projector": projector,
    "sizes": how_large,
    "start": start,
}
"""By the names that goals use."""
