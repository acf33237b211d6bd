"""What rows share: stacks of their own, plans, a load with the processor time that it cost."""

import asyncio
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.cost import Services, cpu_seconds, used
from bench.derived import SHOWN, percentiles
from bench.generator import Load, Plan
from roomlog.brokers import client_options
from roomlog.partitions import PARTITIONS
from roomlog.stack import Stack
from roomlog.topics import CHAT_EVENTS

Figures = dict[str, Any]
TEXT_BYTES = 64
SERVERS = ["postgres", "valkey", "kafka", "registry"]
_SETTLE_S = 60.0
_INDEXED_WITHIN_S = 1_800.0
_CALM_CORES, _CALM_WITHIN_S = 0.25, 60.0


class Bench:
    """A place for files, the compiled load generator, and what was asked for on the command line.

    `seconds` is the length of a load, `sustained_s` that of the row which is about long ones; `rate` is
    in messages a second, `log_events` the largest log of the series on its length.
    """

    def __init__(
        self,
        scratch: Path,
        generator: Path,
        seconds: float = 10.0,
        sustained_s: float = 600.0,
        rate: float = 6_300.0,
        log_events: int = 1_000_000,
    ) -> None:
        self.scratch, self.generator, self.seconds = scratch, generator, seconds
        self.sustained_s, self.rate, self.log_events = sustained_s, rate, log_events

    @contextmanager
    def stack(
        self, nodes: int = 1, only: list[str] | None = None, env: dict[str, str] | None = None
    ) -> Iterator[Stack]:
        """Run a stack of its own, without rate limits; `env` is for its services."""
        os.environ["ROOMLOG_RATE_LIMITS"] = "off"
        data = self.scratch / uuid.uuid4().hex[:8]
        more: dict[str, Any] = {"only": only} if only else {}
        with Stack(data=str(data), nodes=nodes, web=False, env=env or {}, **more) as running:
            yield running

    def plan(self, stack: Stack, rooms: int, members: int, connected: int | None = None) -> Path:
        """Write a plan: so many rooms of so many members, of whom the first one posts.

        Members sit on the stack's nodes in turn; the first `connected` of each room follow it.
        """
        plan = Plan(Path(stack.data), stack.status()["ingest"])
        people = [[str(uuid.uuid4()) for _ in range(members)] for _ in range(rooms)]
        made = asyncio.run(plan.rooms(people))
        for room, some in zip(made, people, strict=True):
            for place, user in enumerate(some[: connected or members]):
                connection = plan.connect(user, place)
                plan.follow(connection, room)
                if place == 0:
                    plan.post(connection, room)
        return self.write(plan)

    def write(self, plan: Plan) -> Path:
        """Write a plan to a file of its own."""
        return plan.write(self.scratch / f"plan-{uuid.uuid4().hex[:8]}")

    def load(self, stack: Stack, plan: Path, *arguments: object) -> tuple[Figures, Figures]:
        """Run the generator; return what it counted, and the servers' CPU seconds by kind.

        The CPU is counted until the projection has caught up: nothing is left for later.
        """
        load = Load(self.generator, plan, *arguments)
        time.sleep(1)
        return self.sent(stack, load)

    def sent(self, stack: Stack, load: Load) -> tuple[Figures, Figures]:
        """Let a generator that is connected send; return the same as `load`."""
        services = stack.status()["services"]
        before = cpu_seconds(services)
        found = load.go()
        asyncio.run(settled(stack))
        after = cpu_seconds(services)
        require_all(found)
        return found, used(before, after)


def require_all(found: Figures) -> None:
    """Exit where anything was refused, lost, repeated or out of order."""
    wrong = {k: found[k] for k in ("refused", "repeated", "disordered", "skipped", "closed")}
    if any(wrong.values()) or found["delivered"] != found["expected"]:
        told = {k: v for k, v in found.items() if not k.endswith("_histogram")}
        raise SystemExit(f"not everything arrived as it should: {told}")


class Progress:
    """How much of the log the read models have; an async context manager."""

    def __init__(self, stack: Stack) -> None:
        self._status = stack.status()
        self._consumer = AIOKafkaConsumer(**client_options(self._status["kafka"]))
        self._places = [TopicPartition(CHAT_EVENTS, p) for p in range(PARTITIONS)]

    async def __aenter__(self) -> "Progress":
        await self._consumer.start()
        self._database = await psycopg.AsyncConnection.connect(
            self._status["postgres"], autocommit=True
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._database.close()
        await self._consumer.stop()

    async def lag(self) -> int:
        """Return how many events of the log are not in the read models yet."""
        query = "SELECT coalesce(sum(next), 0)::bigint FROM projection_offsets WHERE topic = %s"
        end = sum((await self._consumer.end_offsets(self._places)).values())
        row = await (await self._database.execute(query, [CHAT_EVENTS])).fetchone()
        return int(end - row[0]) if row else end


async def settled(stack: Stack, within_s: float = _SETTLE_S) -> None:
    """Wait until the read models have all of the log, where a projector runs."""
    if not any(s["name"].startswith("projector") for s in stack.status()["services"]):
        return
    async with Progress(stack) as progress:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if not await progress.lag():
                return
            await asyncio.sleep(0.2)
    raise SystemExit("the read models did not catch up")


def indexed(stack: Stack) -> None:
    """Wait until the search index has all that the read models have; ends the bench where that takes too long."""
    query = """
        SELECT count(*) FROM projection_offsets p LEFT JOIN search_offsets s USING (topic, partition)
        WHERE topic = 'chat.events' AND coalesce(s.next, 0) < p.next"""
    deadline = time.monotonic() + _INDEXED_WITHIN_S
    with psycopg.connect(stack.status()["postgres"], autocommit=True) as database:
        while database.execute(query).fetchone() != (0,):
            if time.monotonic() > deadline:
                raise SystemExit("the indexer did not catch up")
            time.sleep(0.2)


def calm(services: Services) -> None:
    """Wait until the servers have little left to do.

    Thousands of clients who come at once are told of each other for a while.
    """
    deadline = time.monotonic() + _CALM_WITHIN_S
    cores = _CALM_CORES
    while cores >= _CALM_CORES and time.monotonic() < deadline:
        before = cpu_seconds(services)
        time.sleep(1)
        cores = sum(used(before, cpu_seconds(services)).values())


def shared(seconds: Figures, count: int) -> Figures:
    """Return processor time by stage and in all, in microseconds for each of `count`."""
    stages = {k: round(v / count * 1e6, 2) for k, v in seconds.items()}
    return {"cpu_us": round(sum(stages.values()), 2), "stages": stages}


def latency(found: Figures) -> Figures:
    """Return p50 and p99 of the deliveries in milliseconds, and the percentiles that are drawn."""
    short = {f"{p}_ms": found["delivery_ms"][p] for p in ("p50", "p99")}
    return {**short, "latency": percentiles(found["delivery_histogram"], SHOWN)}
