"""Exports: a range of the log into files, one a partition, by as many processes as there is work for.

Files appear when all are complete: they are written into a hidden directory beside, then renamed, and take
the place of an earlier export's.
"""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from analytics.batches import Extractor, Poison
from analytics.selection import Selection
from analytics.writers import FORMATS
from roomlog.kafka import Log, Range
from roomlog.topics import CHAT_EVENTS
from roomlog.workers import OnProgress, each, worth
from schemas.registry import Resolved

POISON_SHOWN = 20
_PREFIX = "events-"


class Plan(Struct, frozen=True):
    """An export to make: from where, what, into which files."""

    brokers: str
    resolved: Resolved
    selection: Selection
    ranges: list[Range]
    format: str
    out: Path
    distinct: bool = True

    @property
    def records(self) -> int:
        """How many offsets will be read."""
        return sum(r.size for r in self.ranges)


class Totals(Struct):
    """What an export found: records read, rows written, what was left out and why."""

    records: int = 0
    rows: int = 0
    repeats: int = 0
    poison: int = 0
    types: dict[str, int] = {}
    poisoned: list[Poison] = []

    def add(self, other: "Totals") -> None:
        """Add another partition's."""
        self.records += other.records
        self.rows += other.rows
        self.repeats += other.repeats
        self.poison += other.poison
        self.types = dict(Counter(self.types) + Counter(other.types))
        self.poisoned = (self.poisoned + other.poisoned)[:POISON_SHOWN]

    def note(self, poison: Poison) -> None:
        """Count a record that nobody can read."""
        self.poison += 1
        if len(self.poisoned) < POISON_SHOWN:
            self.poisoned.append(poison)


async def ranges_of(brokers: str, selection: Selection) -> list[Range]:
    """Return what a selection has to read of the log as it is now; raises LogUnavailable."""
    async with Log(brokers, CHAT_EVENTS) as log:
        bounds = await log.bounds(selection.partitions)
        since = selection.appended_since_ms
        after = None if since is None else await log.offsets(selection.partitions, since)
    return selection.ranges(bounds, after)


def export(plan: Plan, on_progress: OnProgress, workers: int | None = None) -> Totals:
    """Make the export; `workers` is the number of processes (default: by the work and the cores).

    Raises LogUnavailable or OSError; then nothing of it is in `plan.out`.
    """
    count = workers or worth(plan.records)
    ordered = sorted((r for r in plan.ranges if r.size), key=lambda r: -r.size)
    totals = Totals()
    with _hidden_directory(plan.out) as draft:
        drafted = msgspec.structs.replace(plan, out=draft)
        for found in each(partial(_one, drafted), ordered, on_progress, count):
            totals.add(found)
        if not totals.rows:
            FORMATS[plan.format](draft / file_name(0, plan.format)).close()
        _publish(draft, plan.out, plan.format)
    return totals


def file_name(partition: int, format_: str) -> str:
    """Return the name of a partition's file."""
    return f"{_PREFIX}{partition:02d}.{format_}"


def _one(plan: Plan, range_: Range, on_progress: OnProgress) -> Totals:
    return asyncio.run(_export_partition(plan, range_, on_progress))


async def _export_partition(plan: Plan, range_: Range, on_progress: OnProgress) -> Totals:
    totals = Totals(records=0)
    extractor = Extractor(plan.resolved, plan.selection, plan.distinct, totals.note)
    types: Counter[str] = Counter()
    writer = None
    async with Log(plan.brokers, CHAT_EVENTS) as log:
        async for chunk in log.read(range_):
            batch = extractor.rows(chunk)
            if batch.num_rows:
                writer = writer or FORMATS[plan.format](
                    plan.out / file_name(range_.partition, plan.format)
                )
                writer.write(batch)
                types.update(_type_counts(batch))
                totals.rows += batch.num_rows
            totals.records += len(chunk.offsets)
            on_progress(totals.records)
    if writer is not None:
        writer.close()
    totals.types, totals.repeats = dict(types), extractor.repeats
    return totals


def _type_counts(batch: Any) -> dict[str, int]:
    return {e["values"]: e["counts"] for e in batch.column("type").value_counts().to_pylist()}


@contextmanager
def _hidden_directory(out: Path) -> Iterator[Path]:
    out.mkdir(parents=True, exist_ok=True)
    draft = out / f".export-{os.getpid()}"
    draft.mkdir()
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _publish(draft: Path, out: Path, format_: str) -> None:
    new = sorted(draft.iterdir())
    for path in new:
        path.replace(out / path.name)
    for old in out.glob(f"{_PREFIX}*.{format_}"):
        if old.name not in {p.name for p in new}:
            old.unlink()
