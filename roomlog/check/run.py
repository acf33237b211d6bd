"""One run of the checker against a local stack: drive, break, heal, collect, judge."""

import asyncio
import gc
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from roomlog import ids
from roomlog.check import analysis, evidence, facts, history, poison, texts
from roomlog.check.facts import Evidence, Letter
from roomlog.check.faults import Schedule
from roomlog.check.history import Settling, Writer, now_ns
from roomlog.check.logs import by_room
from roomlog.check.person import Person
from roomlog.check.reading import Readers
from roomlog.check.verdict import Verdict
from roomlog.check.waiting import wait_until
from roomlog.check.workload import Workload
from roomlog.stack import Stack
from roomlog.stack.state import Status
from roomlog.tokens import Signer

_CONNECT_S = 30.0
_LAG_PATIENCE = 8
"""The read models get so many times the patience at most."""
_TOKEN_S = 3_600


Due = dict[tuple[str, str], list[int]]
"""User and room -> the offset of the last event that they have to get, if any."""


class Plan(Struct, frozen=True):
    """What to do: people, rooms, messages in all, operations a second, faults and how often, seed."""

    clients: int = 24
    rooms: int = 8
    messages: int = 10_000
    rate: float = 500.0
    faults: tuple[str, ...] = ()
    every_s: float = 20.0
    seed: int = 1
    reads: float = 20.0
    """Reads of the API a second."""
    screens: bool = True
    patience_s: float = 15.0
    """How long, at the end, what is still missing may take to come."""


async def run(
    plan: Plan, stack: Stack, path: Path, tell: Callable[[str], None] = lambda _line: None
) -> Verdict:
    """Carry the plan out, leave the history and the evidence at `path` and beside it, and judge.

    `tell` gets a line now and then. Raises StackError where the stack does not run or does not heal.
    """
    status = stack.running()
    recorder = Writer(path)
    try:
        found = await _Run(plan, stack, status, recorder, tell).carry_out()
    finally:
        recorder.close()
    facts.write(facts.path_beside(path), found)
    tell("judging")
    return judge(path, found)


def judge(path: Path, found: Evidence) -> Verdict:
    """Judge a recorded history; raises BadHistory and OSError."""
    gc.collect()  # the people of the run, who hold each other
    gc.disable()  # millions of records live to the end, and none are in cycles
    try:
        return analysis.judge(history.read(path), found)
    finally:
        gc.enable()


class _Run:
    def __init__(
        self,
        plan: Plan,
        stack: Stack,
        status: Status,
        recorder: Writer,
        tell: Callable[[str], None],
    ) -> None:
        self._plan, self._stack, self._status = plan, stack, status
        self._recorder, self._tell = recorder, tell
        self._rng = random.Random(plan.seed)  # noqa: S311  # repeatable, not secret
        self._signer = Signer(Path(status.jwt_private_key))
        self._told = 0
        self._poisoned: set[poison.Position] = set()
        self._people = [self._person(n) for n in range(plan.clients)]

    def _person(self, number: int) -> Person:
        user, first = ids.derived_id("check", str(time.time_ns()), str(number)), number

        async def addresses() -> Sequence[str]:
            nodes = self._stack.running().ingest
            return nodes[first % len(nodes) :] + nodes[: first % len(nodes)]

        async def token() -> str:
            return self._token(user)

        screens = self._plan.screens
        return Person(f"c{number}", user, addresses, token, self._recorder, screens)

    def _token(self, user: str) -> str:
        return self._signer.access_token(user, "c", ids.new_id(), time.time(), ttl_s=_TOKEN_S)

    async def carry_out(self) -> Evidence:
        try:
            for person in self._people:
                person.begin()
            await asyncio.gather(*(p.connected_once(_CONNECT_S) for p in self._people))
            workload = Workload(
                self._people, texts.load(), self._rng, self._recorder, self._on_progress
            )
            await workload.make_rooms(self._plan.rooms)
            await self._drive(workload)
            return await self._settle(workload.rooms)
        finally:
            await asyncio.gather(*(p.close() for p in self._people))

    def _on_progress(self, sent: int) -> None:
        if sent - self._told >= self._plan.messages / 10:
            self._told = sent
            self._tell(f"{sent:,} of {self._plan.messages:,} messages sent")

    async def _drive(self, workload: Workload) -> None:
        """The workload with readers and faults beside it; when it is over, everything has healed."""
        over, healed = asyncio.Event(), asyncio.Event()
        plan = self._plan
        tokens = {person.user: self._token(person.user) for person in self._people}
        readers = Readers(
            self._status.api,
            self._people,
            tokens,
            plan.reads,
            random.Random(plan.seed),  # noqa: S311  # repeatable, not secret
            self._recorder,
        )
        reading = asyncio.create_task(readers.run(workload.rooms, healed))
        schedule = Schedule(
            self._stack,
            plan.faults,
            plan.every_s,
            random.Random(plan.seed),  # noqa: S311  # repeatable, not secret
            self._recorder,
            self._tell,
            workload.rooms,
        )
        self._poisoned = schedule.poisoned
        breaking = asyncio.create_task(schedule.run(over))
        driving = asyncio.create_task(workload.run(plan.messages, plan.rate))
        try:
            await asyncio.wait([breaking, driving], return_when=asyncio.FIRST_COMPLETED)
            if breaking.done():
                breaking.result()
            await driving
        finally:
            over.set()
            driving.cancel()
        await breaking
        self._tell("healed; waiting for what is under way")
        await workload.drain()
        healed.set()
        await reading

    async def _settle(self, rooms: list[str]) -> Evidence:
        """Let everybody see everything, then resume once more elsewhere, then collect."""
        for person in self._people:
            person.online.set()
        due = self._due(await self._collect(rooms))
        await wait_until(lambda: self._all_seen(due), self._plan.patience_s)
        self._recorder.write(Settling(now_ns()))
        await self._resume_elsewhere()
        await wait_until(lambda: self._all_seen(due), self._plan.patience_s)
        for person in self._people:
            if self._plan.screens:
                person.record_shown()
        self._tell("collecting the log and the rows")
        return await self._collect(rooms)

    async def _collect(self, rooms: list[str]) -> Evidence:
        status = self._status
        cache = Path(status.data)
        within_s = _LAG_PATIENCE * self._plan.patience_s
        found = await evidence.collect(
            status.kafka, status.postgres, status.registry, cache, rooms, within_s
        )
        if self._poisoned:
            letters = await poison.letters(status.kafka, self._poisoned, self._plan.patience_s)
            found.letters = [Letter(*position) for position in sorted(letters)]
        return found

    async def _resume_elsewhere(self) -> None:
        began = now_ns()
        for person in self._people:
            person.move()
        await wait_until(
            lambda: all(
                person.seat(room).caught_up > began
                for person in self._people
                for room in person.cursors
            ),
            2 * self._plan.patience_s,
        )

    def _due(self, found: Evidence) -> Due:
        logs = by_room(found.log)
        return {
            (person.user, room): log.must_see(person.user, -1)[-1:]
            for person in self._people
            for room, log in logs.items()
        }

    def _all_seen(self, due: Due) -> bool:
        return all(
            person.seat(room).reached >= offset
            for person in self._people
            for room in person.cursors
            for offset in due.get((person.user, room), ())
        )
