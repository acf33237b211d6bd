"""How the cost of what reads the log or the read models grows with the log's length.

One stack whose log is made ever longer: the same 170 rooms of real chat. At each length it is measured
what one of these costs all servers: taking up a room on a node that does not know it, resuming 40
messages back, a page of history, one event for streams and for the projector; what an event costs an
export of the whole log; and PostgreSQL's vacuum of all tables, shared by the events since the last.
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from bench.cost import cpu_seconds, each_us, used
from bench.derived import growth
from bench.fill import Writer, fill
from bench.generator import Plan
from bench.harness import Bench, Figures, calm, indexed
from bench.projector_drain import log_size
from bench.reads import PAGE, Api, export_cost
from bench.sockets import Socket, connect
from roomlog.stack import Stack

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
_MISSED = 40
_RESUMES = 3
_PAGES, _PAGED_ROOMS = 500, 10
_WARM, _MORE = 5_000, 20_000
_TOGETHER = 8
_WITHIN_S = 30.0
_ORDERED = 'SELECT "offset" FROM messages WHERE room_id = %s ORDER BY "offset"'
_FROM_THE_BEGINNING = f"{_ORDERED} OFFSET %s LIMIT 1"
_FROM_THE_END = f"{_ORDERED} DESC OFFSET %s LIMIT 1"


class Room(NamedTuple):
    """A room and its owner, and offsets of messages of it.

    `_MISSED` others came after `missed_after`; a whole page of them before `paged_from`.
    """

    id: str
    owner: str
    missed_after: int
    paged_from: int


def log(bench: Bench) -> Figures:
    """All lengths up to the longest that was asked for."""
    costs: dict[str, dict[str, float]] = {}
    with bench.stack() as stack:
        writer = Writer()
        fill(stack, writer, _WARM)  # the first events cost the JVM and PostgreSQL more
        held = _WARM
        for size in (s for s in SIZES if s <= bench.log_events):
            count = fill(stack, writer, size - held)
            indexed(stack)
            vacuum = _cost(stack, lambda: _vacuum(stack), count)
            found = _at(stack, writer, bench.scratch / "export")
            for name, cost in {**found, "vacuum": vacuum}.items():
                costs.setdefault(name, {})[str(size)] = round(cost, 2)
            held = size + _MORE
    ratios = {name: round(growth(cost), 2) for name, cost in costs.items()}
    series = {f"{name}_us": cost for name, cost in costs.items()}
    return {**series, "ratios": ratios, "ratio": max(ratios.values())}


def _at(stack: Stack, writer: Writer, out: Path) -> dict[str, float]:
    """Return what each thing costs now, in microseconds."""
    stack.restart_service("ingest-1")
    calm(stack.status()["services"])
    rooms = _rooms(stack, writer.owners)
    costs = {}
    with asyncio.Runner() as runner:
        sockets: dict[str, Socket] = {}
        costs["open"] = _cost(stack, lambda: runner.run(_open(stack, rooms, sockets)), len(rooms))
        resumes = len(rooms) * _RESUMES
        costs["resume"] = _cost(stack, lambda: runner.run(_resume(rooms, sockets)), resumes)
        for socket in sockets.values():
            socket.transport.disconnect()
    costs["page"] = _cost(stack, lambda: _pages(stack, rooms), _PAGES)
    before = _by_kind(stack)
    count = fill(stack, writer, _MORE)
    projected = _by_kind(stack)
    indexed(stack)
    us = each_us(before, _by_kind(stack), count)
    costs["streams"] = each_us(before, projected, count)["streams"]
    costs["projector"] = us["projector"] + us["postgres"]
    cpu, _ = export_cost(stack, out)
    size = asyncio.run(log_size(stack.status()["kafka"]))
    return {**costs, "export": cpu / size * 1e6}


def _vacuum(stack: Stack) -> None:
    """Do at once what PostgreSQL does by itself now and then, so that it does not come while something is measured."""
    with psycopg.connect(stack.status()["postgres"], autocommit=True) as database:
        database.execute("VACUUM (ANALYZE)")


def _by_kind(stack: Stack) -> dict[str, float]:
    return cpu_seconds(stack.status()["services"])


def _cost(stack: Stack, work: Callable[[], None], count: int) -> float:
    before = _by_kind(stack)
    work()
    return sum(used(before, _by_kind(stack)).values()) / count * 1e6


def _rooms(stack: Stack, owners: dict[str, str]) -> list[Room]:
    found = []
    with psycopg.connect(stack.status()["postgres"]) as database:
        for room, owner in owners.items():
            missed = database.execute(_FROM_THE_END, [room, _MISSED]).fetchone()
            paged = database.execute(_FROM_THE_BEGINNING, [room, PAGE]).fetchone()
            if missed and paged:
                found.append(Room(room, owner, missed[0], paged[0]))
    return found


async def _open(stack: Stack, rooms: list[Room], sockets: dict[str, Socket]) -> None:
    """Let the owner of each room connect and follow it."""
    plan, url = Plan(stack.data, []), stack.status()["ingest"][0]

    async def one(room: Room) -> None:
        socket = sockets[room.id] = await connect(url, plan.token(room.owner))
        await socket.ask(op="sub", room=room.id)

    await _each(rooms, one)


async def _resume(rooms: list[Room], sockets: dict[str, Socket]) -> None:
    """Let each follow its room again, from `_MISSED` messages back, a few times."""

    async def one(room: Room) -> None:
        socket, got, came = sockets[room.id], 0, asyncio.Event()

        def arrived(frame: dict[str, Any], _now: float) -> None:
            nonlocal got
            got += frame["type"] == "MessagePosted"
            if got == _MISSED:
                came.set()

        socket.on_event = arrived
        for _ in range(_RESUMES):
            await socket.ask(op="unsub", room=room.id)
            got = 0
            came.clear()
            await socket.ask(op="sub", room=room.id, cursor=f"1:{room.missed_after}")
            async with asyncio.timeout(_WITHIN_S):
                await came.wait()

    await _each(rooms, one)


async def _each(rooms: list[Room], one: Callable[[Room], Any]) -> None:
    turn = asyncio.Semaphore(_TOGETHER)

    async def in_turn(room: Room) -> None:
        async with turn:
            await one(room)

    await asyncio.gather(*map(in_turn, rooms))


def _pages(stack: Stack, rooms: list[Room]) -> None:
    """Read whole pages anywhere in a few rooms."""
    chance = random.Random(1)
    for room in chance.sample(rooms, _PAGED_ROOMS):
        api = Api(stack, room.owner)
        last = max(room.paged_from, room.missed_after)
        for _ in range(_PAGES // _PAGED_ROOMS):
            found = api.page(room.id, chance.randint(room.paged_from, last))
            if len(found["items"]) != PAGE:
                raise SystemExit(f"a page of {len(found['items'])} in room {room.id}")
        api.close()
