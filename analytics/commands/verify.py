"""`roomlog verify`: are the read models what the log says?"""

import sys
from typing import Any

import msgspec
import psycopg
import typer

from analytics.verify import CannotVerify, Outcome, Plan
from analytics.verify import verify as compare
from roomlog.commands.options import AsJson, Data, guarded
from roomlog.progress import Progress, duration
from roomlog.target import find_target
from schemas.registry import Registry


def verify(data: Data = None, as_json: AsJson = False) -> None:
    """Fold the whole log and compare every table that is made from it, row by row; changes nothing.

    Tables and log are compared as of one moment, so everything may go on meanwhile. Exits with 1 and shows the
    first rows that differ, if any do.
    """

    def work() -> tuple[Outcome, float]:
        settings = find_target(data).settings
        resolved = Registry(settings.registry, settings.data).resolve_all()
        plan = Plan(settings.kafka, settings.postgres, resolved)
        with Progress("Verifying", 0, "records") as progress:
            return compare(plan, progress.expect, progress.update), progress.elapsed_s

    outcome, seconds = guarded(work, (CannotVerify, psycopg.Error))
    if as_json:
        sys.stdout.write(msgspec.json.encode(_as_json(outcome, seconds)).decode() + "\n")
    else:
        sys.stdout.write("\n".join(_lines(outcome, seconds)) + "\n")
    if outcome.differences.total:
        raise typer.Exit(1)


def _as_json(outcome: Outcome, seconds: float) -> dict[str, Any]:
    return {
        "records": outcome.records,
        "refused": outcome.refused,
        "rows": outcome.rows,
        "differences": outcome.differences.as_json(),
        "seconds": round(seconds, 3),
    }


def _lines(outcome: Outcome, seconds: float) -> list[str]:
    rows = ", ".join(f"{name} {count:,}" for name, count in sorted(outcome.rows.items()))
    lines = [f"{outcome.records:,} records of the log in {duration(seconds)}. Rows: {rows}"]
    if outcome.refused:
        lines.append(
            f"{outcome.refused:,} records have no place in the tables (`roomlog dlq list`)"
        )
    if total := outcome.differences.total:
        lines.append(f"{total:,} rows differ from the log:")
        lines += [f"  {line}" for line in outcome.differences.lines()]
        return [*lines, "`roomlog rebuild --accept-differences` makes the tables again."]
    return [*lines, "The tables are what the log says."]
