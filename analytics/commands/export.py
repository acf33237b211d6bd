"""`roomlog export`: any range of the log as files."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from analytics import export as engine
from analytics.commands.options import (
    Duplicates,
    Rooms,
    Since,
    Starts,
    Stops,
    Types,
    Until,
    Workspaces,
    guarded,
)
from analytics.selection import select
from roomlog.commands.options import AsJson, Data
from roomlog.events import ChatEvent
from roomlog.progress import Progress
from roomlog.target import find_target
from schemas.registry import Registry


def export(
    out: Annotated[Path, typer.Option(help="Directory for the files.")],
    format_: Annotated[
        Literal["parquet", "avro", "jsonl", "csv"], typer.Option("--format", help="Of the files.")
    ] = "parquet",
    room: Rooms = None,
    workspace: Workspaces = None,
    type_: Types = None,
    since: Since = None,
    until: Until = None,
    from_: Starts = None,
    to: Stops = None,
    duplicates: Duplicates = False,
    workers: Annotated[
        int, typer.Option(min=0, max=64, help="Processes; 0: as many as the work is worth.")
    ] = 0,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write the log to Parquet, Avro, JSONL or CSV: a row per event, a file per partition.

    Columns: partition, offset, event_id, room_id, sender_id, type, ts, key, body (JSON; in JSONL an
    object), and beside JSONL text and reply_to. An event that stands in the log twice is one row unless
    --duplicates. Records that nobody can read are counted, told and left out.
    """

    def work() -> None:
        selection = select(
            room or (), type_ or (), since, until, from_ or (), to or (), workspace or ()
        )
        settings = find_target(data).settings
        plan = engine.Plan(
            settings.kafka,
            Registry(settings.registry, settings.data).resolve(ChatEvent.SUBJECT),
            selection,
            asyncio.run(engine.ranges_of(settings.kafka, selection)),
            format_,
            out,
            not duplicates,
        )
        with Progress("Exporting", plan.records, "records") as progress:
            totals = engine.export(plan, progress.update, workers or None)
        _tell(_summary(plan, totals, progress.elapsed_s), as_json)

    guarded(work)


def _summary(plan: engine.Plan, totals: engine.Totals, seconds: float) -> dict[str, Any]:
    files = sorted(str(p) for p in plan.out.glob(f"events-*.{plan.format}"))
    return {
        "format": plan.format,
        "out": str(plan.out),
        "files": files,
        "records": totals.records,
        "rows": totals.rows,
        "repeats_left_out": totals.repeats,
        "poison_skipped": totals.poison,
        "types": dict(sorted(totals.types.items())),
        "poison": [p._asdict() for p in totals.poisoned],
        "bytes": sum(Path(f).stat().st_size for f in files),
        "seconds": round(seconds, 3),
        "records_per_s": round(totals.records / seconds) if seconds else 0,
    }


def _tell(summary: dict[str, Any], as_json: bool) -> None:
    for p in summary["poison"]:
        place = f"partition {p['partition']} offset {p['offset']}"
        print(f"roomlog: left out {place}: {p['reason']}", file=sys.stderr)
    if as_json:
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
        return
    rate, files = summary["records_per_s"], len(summary["files"])
    print(
        f"{summary['rows']:,} events in {files} {summary['format']} file{'s' * (files != 1)} "
        f"in {summary['out']} ({summary['bytes'] / 1e6:,.1f} MB), "
        f"{summary['seconds']:.1f} s, {rate:,} records/s"
    )
    for name, count in summary["types"].items():
        print(f"  {count:>12,}  {name}")
    if summary["repeats_left_out"]:
        print(
            f"  {summary['repeats_left_out']:,} repeated records left out (--duplicates keeps them)"
        )
    if summary["poison_skipped"]:
        print(f"  {summary['poison_skipped']:,} records that nobody can read left out")
