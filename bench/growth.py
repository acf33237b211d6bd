"""How the cost grows with rooms, members and nodes: each size on a stack of its own, none of them saturated.

Everything but the size stays as it is: the rate, and where it can the number of sockets.
"""

import asyncio
import uuid
from pathlib import Path

from bench.derived import growth, parts
from bench.generator import Load, Plan
from bench.harness import TEXT_BYTES, Bench, Figures, calm
from roomlog.stack import Stack

ROOMS = (10, 100, 1_000, 10_000)
MEMBERS = (2, 10, 50, 200, 1_000, 10_000)
NODES = (1, 2, 4)
_PEOPLE = 50
_MESSAGES_PER_S = 500
_DELIVERIES_PER_S = 20_000
_FLAT_FROM = 50
_WARM_S = 3


def rooms(bench: Bench) -> Figures:
    """Ever more rooms of two, of 50 people, with the same number of messages a second."""
    costs = {}
    for size in ROOMS:
        with bench.stack() as stack:
            found, cpu, _ = _steady(bench, stack, _pairs(bench, stack, size), _MESSAGES_PER_S)
        costs[str(size)] = round(sum(cpu.values()) / found["acked"] * 1e6, 2)
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
    """One room of ever more members, with the same number of deliveries a second.

    A message has a cost of its own, which few members share; so the cost of a delivery is compared from
    50 members on, and over all sizes it is split into what a message and what a delivery takes.
    """
    each, points = {}, []
    for size in MEMBERS:
        rate = min(_MESSAGES_PER_S, _DELIVERIES_PER_S / size)
        with bench.stack() as stack:
            found, cpu, quiet = _steady(bench, stack, bench.plan(stack, 1, size), rate)
        total = sum(cpu.values())
        each[str(size)] = round(total / found["delivered"] * 1e6, 2)
        idle = sum(quiet.values()) * found["seconds"]
        points.append((found["acked"], found["delivered"], max(total - idle, 0.01) * 1e6))
    message_us, delivery_us = parts(points)
    flat = {size: cost for size, cost in each.items() if int(size) >= _FLAT_FROM}
    return {
        "cpu_us": each,
        "ratio": round(growth(flat), 2),
        "message_us": round(message_us, 1),
        "delivery_us": round(delivery_us, 2),
    }


def nodes(bench: Bench) -> Figures:
    """The same people and the same load on ever more nodes; every room is on every node."""
    shapes = {"one": (1, 1_000, 20), "many": (20, 50, 400)}
    costs: dict[str, dict[str, float]] = {name: {} for name in shapes}
    for size in NODES:
        for name, (count, people, rate) in shapes.items():
            with bench.stack(nodes=size) as stack:
                plan = bench.plan(stack, count, people)
                found, cpu, _ = _steady(bench, stack, plan, rate)
            costs[name][str(size)] = round(sum(cpu.values()) / found["delivered"] * 1e6, 2)
    ratios = {name: round(growth(cost), 2) for name, cost in costs.items()}
    return {
        "one_room_us": costs["one"],
        "many_rooms_us": costs["many"],
        "ratio": ratios["one"],
        "many_ratio": ratios["many"],
    }


def _steady(
    bench: Bench, stack: Stack, plan: Path, rate: float
) -> tuple[Figures, Figures, Figures]:
    """Return what was counted, the servers' CPU seconds, and the cores that they used before it."""
    bench.load(stack, plan, "rate", rate, _WARM_S, TEXT_BYTES)
    load = Load(bench.generator, plan, "rate", rate, bench.seconds, TEXT_BYTES)
    quiet = calm(stack.status()["services"])
    found, cpu = bench.sent(stack, load)
    return found, cpu, quiet
