"""The rows of the table: each starts the stack that it needs and returns its figures.

A figure is a number, or numbers by size, kind of service or percentile; `stages` has the processor time
of each kind of service for one delivery or message.
"""

import asyncio
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bench import (
    growth,
    growth_log,
    outside,
    projector_drain,
    projector_steady,
    quiet,
    reads,
    sizes,
    slow_subscriber,
    streams_drain,
    whole,
)
from bench.baselines import rows as baselines
from bench.durable import kept_percent
from bench.fill import IRC
from bench.harness import SERVERS, TEXT_BYTES, Bench, Figures, latency, settled, shared
from roomlog.stack import Stack, warmup
from roomlog.stack.layout import cache_dir
from roomlog.stack.ports import Ports

_WARM_S = 50
"""Of the same load, before it is measured: for a minute a JVM compiles what it is asked to do."""


def _twice(
    bench: Bench, stack: Stack, plan: Path, rate: int
) -> tuple[tuple[Figures, Figures], tuple[Figures, Figures]]:
    """Measure a steady load just after the start, and again after a minute of it; as `Bench.load` returns it."""
    bench.load(stack, plan, "rate", rate, 2, TEXT_BYTES)
    early = bench.load(stack, plan, "rate", rate, bench.seconds, TEXT_BYTES)
    bench.load(stack, plan, "rate", rate, _WARM_S, TEXT_BYTES)
    return early, bench.load(stack, plan, "rate", rate, bench.seconds, TEXT_BYTES)


def _fanout(bench: Bench, rooms: int, members: int, rate: int) -> Figures:
    with bench.stack() as stack:
        plan = bench.plan(stack, rooms, members)
        (early, early_cpu), (found, cpu) = _twice(bench, stack, plan, rate)
    first_us = shared(early_cpu, early["delivered"])["cpu_us"]
    return {**shared(cpu, found["delivered"]), **latency(found), "first_us": first_us}


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
    return {"per_s": per_s, **shared(cpu, found["delivered"])}


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
        **shared(cpu, found["acked"]),
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


def across(bench: Bench) -> Figures:
    """From a sender on one node to a follower on another."""
    with bench.stack(nodes=2) as stack:
        plan = bench.plan(stack, 20, 2)
        (early, _), (found, cpu) = _twice(bench, stack, plan, 1_000)
    most, first_p99 = found["delivery_ms"]["max"], latency(early)["p99_ms"]
    return {
        **shared(cpu, found["acked"]),
        **latency(found),
        "max_ms": most,
        "first_p99_ms": first_p99,
    }


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
    """The whole stack, from an empty directory to ready, where it ran before: the JVMs' caches are there."""
    own_ports = Ports(cache_dir() / "ports.lock", defaults=False)
    with bench.stack(nodes=2) as stack, closing(own_ports) as ports:
        here = warmup.Here(cache_dir(), ports, stack.status()["postgres"])
        asyncio.run(warmup.make_caches(here, list(warmup.PROGRAMS)))
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
    "idle": quiet.idle,
    "across": across,
    "extreme": extreme,
    "slow": slow,
    "streams": streams,
    "projector": projector,
    "projector-steady": projector_steady.steady,
    "sizes": how_large,
    "history": reads.history,
    "search": reads.search,
    "told": outside.told,
    "replay": reads.replay,
    "rebuild": reads.rebuild,
    "idle-stack": quiet.idle_stack,
    "start": start,
    "idle-50k": quiet.idle_50k,
    "sustained": whole.sustained,
    "growth-rooms": growth.rooms,
    "growth-members": growth.members,
    "growth-nodes": growth.nodes,
    "growth-log": growth_log.log,
    "base-faust": baselines.faust,
    "base-send": baselines.send,
    "base-picows": baselines.picows,
    "base-picows-many": baselines.picows_many,
    "base-uvicorn": baselines.uvicorn,
}
"""By the names that goals use."""

FOR_THE_PLAN = ("sizes", "told")
"""Rows without a goal: what they find is in `docs/capacity.md` (`python -m bench.capacity`)."""

LONG = ("idle-50k", "sustained", "growth-rooms", "growth-members", "growth-nodes", "growth-log")
"""Rows that are only run when they are asked for."""

GROUPS: dict[str, list[str]] = {
    "all": list(ROWS),
    "usual": [row for row in ROWS if row not in LONG],
    "growth": [row for row in ROWS if row.startswith("growth-")],
    "baselines": [
        *(row for row in ROWS if row.startswith("base-")),
        "fanout-one",
        "fanout-many",
        "streams",
        "projector",
    ],
}
"""Names for several rows; baselines come with the rows that they are compared with."""


def chosen(names: list[str]) -> list[str]:
    """Return the rows that names of rows and groups stand for, each once; raises KeyError."""
    found = [row for name in names for row in GROUPS.get(name) or [name]]
    for row in found:
        ROWS[row]
    return list(dict.fromkeys(found))
