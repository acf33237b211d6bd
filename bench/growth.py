"""How the cost grows with rooms, members and nodes: each size on a stack of its own, none of them saturated.

Everything but the size stays as it is: the rate, and where it can the number of sockets.
"""

import asyncio
import uuid
from pathlib import Path

from bench.derived import growth
from bench.generator import Load, Plan
from bench.harness import TEXT_BYTES, Bench, Figures, calm, shared
from roomlog.stack import Stack

ROOMS = (10, 100, 1_000, 10_000)
MEMBERS = (2, 10, 50, 200, 1_000, 10_000)
NODES = (1, 2, 4)
_PEOPLE = 50
_MESSAGES_PER_S = 1_000
_DELIVERIES_PER_S = 20_000
_BOTH = 50
_WARM_S = 3


def rooms(bench: Bench) -> Figures:
    """Ever more rooms of two, of 50 people, with the same number of messages a second."""
    costs = {}
    for size in ROOMS:
        with bench.stack() as stack:
            found, cpu = _steady(bench, stack, _pairs(bench, stack, size), _MESSAGES_PER_S)
        costs[str(size)] = shared(cpu, found["acked"])["cpu_us"]
    return {"cpu_us": costs, "ratio": round(growth(costs), 2)}


def _pairs(bench: Bench, stack: Stack, count: int) -> Path:
    """Plan so many rooms of two out of 50 people, each of whom has one socket for all of their rooms."""
    plan = Plan(Path(stack.data), stack.status()["ingest"])
    people = [str(uuid.uuid4()) for _ in range(_PEOPLE)]
    pairs = [
        (2 * n % _PEOPLE, (2 * n + 1 + 2 * (2 * n // _PEOPLE)) % _PEOPLE) for n in range(count)
    ]
    made = asyncio.run(plan.rooms([[people[a], people[b]] for a, b in pairs]))
    sockets = {n: plan.connect(people[n]) for n in sorted({n for pair in pairs for n in pair})}
    for room, (poster, reader) in zip(made, pairs, strict=True):
        plan.follow(sockets[poster], room)
        plan.follow(sockets[reader], room)
        plan.post(sockets[poster], room)
    return bench.write(plan)


def members(bench: Bench) -> Figures:
    """One room of ever more members: few with as many messages a second, many with as many deliveries.

    A message has a cost of its own, which few members share: so in small rooms it is the cost of a
    message that is compared, and in large ones that of a delivery. The load of `_BOTH` belongs to both.
    """
    messages, deliveries = {}, {}
    for size in MEMBERS:
        rate = _DELIVERIES_PER_S / max(size, _BOTH)
        with bench.stack() as stack:
            found, cpu = _steady(bench, stack, bench.plan(stack, 1, size), rate)
        if size <= _BOTH:
            messages[str(size)] = shared(cpu, found["acked"])["cpu_us"]
        if size >= _BOTH:
            deliveries[str(size)] = shared(cpu, found["delivered"])["cpu_us"]
    return {
        "message_us": messages,
        "message_ratio": round(growth(messages), 2),
        "cpu_us": deliveries,
        "ratio": round(growth(deliveries), 2),
    }


def nodes(bench: Bench) -> Figures:
    """The same people and the same load on ever more nodes; every room is on every node."""
    shapes = {"one": (1, 1_000, 20), "many": (20, 50, 400)}
    costs: dict[str, dict[str, float]] = {name: {} for name in shapes}
    for size in NODES:
        for name, (count, people, rate) in shapes.items():
            with bench.stack(nodes=size) as stack:
                plan = bench.plan(stack, count, people)
                found, cpu = _steady(bench, stack, plan, rate)
            costs[name][str(size)] = shared(cpu, found["delivered"])["cpu_us"]
    ratios = {name: round(growth(cost), 2) for name, cost in costs.items()}
    return {
        "one_room_us": costs["one"],
        "many_rooms_us": costs["many"],
        "ratio": ratios["one"],
        "many_ratio": ratios["many"],
    }


def _steady(bench: Bench, stack: Stack, plan: Path, rate: float) -> tuple[Figures, Figures]:
    """Return what was counted and the servers' CPU seconds, once warm and calm."""
    bench.load(stack, plan, "rate", rate, _WARM_S, TEXT_BYTES)
    load = Load(bench.generator, plan, "rate", rate, bench.seconds, TEXT_BYTES)
    calm(stack.status()["services"])
    return bench.sent(stack, load)
