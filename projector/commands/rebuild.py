"""`roomlog rebuild`: all read models again from the log."""

import sys
from typing import Annotated

import msgspec
import psycopg
import typer

from projector.rebuild.run import Order, Outcome, as_json, run
from projector.rebuild.shadow import CannotRebuild
from projector.session import Fenced, Unavailable
from roomlog.commands.options import AsJson, Data, guarded
from roomlog.progress import duration
from roomlog.target import find_target
from schemas.registry import Registry

_FAILURES = (CannotRebuild, Fenced, Unavailable, psycopg.Error)


def rebuild(
    accept_differences: Annotated[
        bool, typer.Option(help="Replace the live tables even where they differ from the log.")
    ] = False,
    keep_old: Annotated[
        bool,
        typer.Option(help="Keep the old tables, in schema roomlog_old, till the next rebuild."),
    ] = False,
    fresh: Annotated[
        bool, typer.Option(help="Throw away what an earlier run has built, and begin again.")
    ] = False,
    data: Data = None,
    as_json_: AsJson = False,
) -> None:
    """Make all read models again from the log, while everything goes on.

    New tables are filled beside the live ones, brought to the same offsets, compared with them row by row,
    and swapped for them in one moment. Where rows differ, the first of them are shown, the live tables stay
    as they are, and the exit code is 1. Takes as much disk again as the tables have. A run that was
    interrupted is gone on with by the next.
    """

    def work() -> Outcome:
        settings = find_target(data).settings
        order = Order(
            settings.kafka,
            settings.postgres,
            Registry(settings.registry, settings.data).resolve_all(),
            keep_old,
            accept_differences,
            fresh,
        )
        return run(order, lambda line: print(line, file=sys.stderr, flush=True))

    outcome = guarded(work, _FAILURES)
    if as_json_:
        sys.stdout.write(msgspec.json.encode(as_json(outcome)).decode() + "\n")
    else:
        sys.stdout.write("\n".join(_lines(outcome)) + "\n")
    if not outcome.swapped:
        raise typer.Exit(1)


def _lines(outcome: Outcome) -> list[str]:
    steps = ", ".join(f"{name.replace('_', ' ')} {s:.1f} s" for name, s in outcome.seconds.items())
    rows = ", ".join(f"{name} {count:,}" for name, count in outcome.rows.items())
    lines = [
        f"{outcome.records:,} records in {duration(sum(outcome.seconds.values()))} "
        f"({outcome.records_per_s:,.0f}/s): {steps}",
        f"Rows: {rows}",
    ]
    if outcome.refused:
        lines.append(
            f"{outcome.refused:,} records have no place in the tables (`roomlog dlq list`)"
        )
    if total := outcome.differences.total:
        lines += [f"{total:,} rows of the live tables differ from the log:"]
        lines += [f"  {line}" for line in outcome.differences.lines()]
    else:
        lines.append("Old and new have the same rows.")
    return [*lines, _end(outcome)]


def _end(outcome: Outcome) -> str:
    if not outcome.swapped:
        return (
            "Nothing was replaced. The new tables stay in schema roomlog_new: have a look, then run it again "
            "with --accept-differences to take them, or with --fresh to build them anew."
        )
    kept = (
        "The old ones are in schema roomlog_old." if outcome.kept_old else "The old ones are gone."
    )
    return f"Swapped; nobody could write for {outcome.blocked_s * 1000:.0f} ms. {kept}"
