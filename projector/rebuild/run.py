"""One rebuild from its beginning to its end."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from msgspec import Struct, field

from projector.batch import Place
from projector.rebuild import compare, sql
from projector.rebuild.load import Loaded, Loader, Part, Plan, load
from projector.rebuild.shadow import TOPICS, CannotRebuild, Shadow
from roomlog.kafka import Log, Range
from roomlog.letters import passed_over, read, refused
from roomlog.progress import Progress
from roomlog.readmodels.compare import Differences
from roomlog.topics import CHAT_READS
from roomlog.workers import each
from schemas.registry import Resolved

_CLOSE = 200
"""So few records behind, the rest is left to the moment of the swap."""
_ROUNDS = 20
_WORTH_A_PROCESS = 50_000
"""Records; beside that, half of the machine is for those who read and write meanwhile."""


class Order(Struct, frozen=True):
    """What to rebuild, and how."""

    brokers: str
    postgres: str
    resolved: Mapping[str, Resolved]
    keep_old: bool = False
    accept_differences: bool = False
    fresh: bool = False


class Outcome(Struct):
    """What became of it; times in seconds."""

    records: int = 0
    """Read by this run."""
    refused: int = 0
    """Of these, records that have no place in the tables: they have their dead letters."""
    resumed: bool = False
    rows: dict[str, int] = field(default_factory=dict)
    differences: Differences = field(default_factory=Differences)
    swapped: bool = False
    kept_old: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    blocked_s: float = 0.0
    """How long the projectors had to wait for the swap."""

    @property
    def records_per_s(self) -> float:
        """Records by the whole of the time."""
        total = sum(self.seconds.values())
        return self.records / total if total else 0.0


Tell = Callable[[str], None]


def run(order: Order, tell: Tell) -> Outcome:
    """Rebuild, and say what became of it; `tell` gets a line at each step.

    Raises CannotRebuild, LogUnavailable, psycopg.Error or Unavailable; after any of them, and after a kill,
    the live tables are as they were, or swapped, and the next run goes on where this one stopped.
    """
    with Shadow(order.postgres) as shadow:
        return _Run(order, shadow, tell).carry_out()


class _Run:
    def __init__(self, order: Order, shadow: Shadow, tell: Tell) -> None:
        self._order, self._shadow, self._tell = order, shadow, tell
        letters = asyncio.run(read(order.brokers))
        self._plan = Plan(
            order.brokers,
            shadow.dsn,
            order.resolved,
            refused(letters, only_settled=True),
            passed_over(letters),
        )
        self._outcome = Outcome()

    def carry_out(self) -> Outcome:
        """All steps; the tables are swapped unless they differ."""
        asyncio.run(self._require_whole_log())
        with self._timed("load"):
            self._load()
        with self._timed("indexes"):
            self._tell("Building the indexes")
            self._shadow.finish(lambda told: self._tell(f"  {told}"))
        asyncio.run(self._compare_and_swap())
        return self._outcome

    async def _compare_and_swap(self) -> None:
        async with Loader(self._plan, TOPICS) as loader:
            with self._timed("catch_up"):
                self._tell("Catching up with the live tables")
                await self._approach(loader)
                self._shadow.keep_markers()
            with self._timed("compare"):
                self._tell("Comparing old and new")
                await self._compare(loader)
            if not self._outcome.differences.total or self._order.accept_differences:
                with self._timed("swap"):
                    await self._swap(loader)
            self._count(loader.loaded)

    async def _swap(self, loader: Loader) -> None:
        self._tell("Swapping")
        self._shadow.wait_for_readers(self._tell)
        await self._approach(loader)
        blocked_s = await self._shadow.swap(loader.advance, self._tell)
        self._outcome.blocked_s = round(blocked_s, 3)
        self._outcome.swapped = True
        self._outcome.kept_old = self._order.keep_old
        if not self._order.keep_old:
            await self._shadow.drop_old(self._tell)

    async def _require_whole_log(self) -> None:
        """Raise CannotRebuild where the log does not begin at its beginning."""
        for topic in TOPICS:
            async with Log(self._order.brokers, topic) as log:
                starts = await log.bounds(log.partitions)
            cut = [p for p, (start, _) in starts.items() if start > 0]
            if cut and topic != CHAT_READS:
                raise CannotRebuild(
                    f"{topic} partition {cut[0]} begins at offset {starts[cut[0]][0]}: what stood before is "
                    "only in the tables, and a rebuild would lose it"
                )

    def _load(self) -> None:
        self._outcome.resumed = self._shadow.prepare(self._order.fresh)
        there, ends = self._shadow.new_offsets(), self._shadow.offsets()
        self._require_same_log(there, ends)
        parts = [Part(p.topic, Range(p.partition, there.get(p, 0), end)) for p, end in ends.items()]
        parts = sorted((p for p in parts if p.range.size), key=lambda p: -p.range.size)
        total = sum(part.range.size for part in parts)
        self._tell(
            f"{'Going on with an earlier run' if self._outcome.resumed else 'Loading'}: "
            f"{total:,} records of {len(parts)} partitions"
        )
        workers = max(1, min((os.cpu_count() or 1) // 2, total // _WORTH_A_PROCESS))
        with Progress("Loading", total, "records") as progress:
            for loaded in each(partial(load, self._plan), parts, progress.update, workers):
                self._count(loaded)

    def _require_same_log(self, there: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        if ahead := [place for place, at in there.items() if at > ends.get(place, 0)]:
            raise CannotRebuild(
                f"the new tables have seen more of {ahead[0].topic} partition {ahead[0].partition} than the "
                "live ones: they belong to another database or log; begin again with --fresh"
            )

    async def _approach(self, loader: Loader) -> None:
        """Come close to the live tables, which go on meanwhile."""
        for _ in range(_ROUNDS):
            if await loader.advance(self._shadow.offsets()) <= _CLOSE:
                return

    async def _compare(self, loader: Loader) -> None:
        with self._shadow.snapshot() as live, self._shadow.session() as new:
            await loader.advance(self._shadow.offsets(live))
            new.execute(sql.PREPARE_LONG_WORK)
            live.execute(sql.PREPARE_LONG_WORK)
            should = compare.sums(new, sql.NEW)
            found = compare.sums(live, self._shadow.live)
            self._outcome.rows = compare.rows_in(should)
            self._outcome.differences = compare.differences(
                new, live, self._shadow.live, should, found
            )

    def _count(self, loaded: Loaded) -> None:
        self._outcome.records += loaded.records
        self._outcome.refused += loaded.refused

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._outcome.seconds[name] = round(time.monotonic() - began, 3)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome for programs."""
    return {
        "records": outcome.records,
        "refused": outcome.refused,
        "resumed": outcome.resumed,
        "rows": outcome.rows,
        "differences": outcome.differences.as_json(),
        "swapped": outcome.swapped,
        "kept_old": outcome.kept_old,
        "seconds": round(sum(outcome.seconds.values()), 3),
        "steps": outcome.seconds,
        "records_per_s": round(outcome.records_per_s),
        "blocked_s": outcome.blocked_s,
    }
