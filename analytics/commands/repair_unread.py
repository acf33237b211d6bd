"""`roomlog repair-unread`: are the unread counts what the log says, and if not, make them so."""

import sys
from typing import Annotated, Any

import msgspec
import psycopg
import typer

from analytics.unread import Outcome
from analytics.unread import repair_unread as recount
from analytics.verify import CannotVerify, Plan
from roomlog.commands.options import AsJson, Data, guarded
from roomlog.progress import Progress, duration
from roomlog.target import find_target
from schemas.registry import Registry

Apply = Annotated[
    bool,
    typer.Option("--apply", help="Put right what wrong counts follow from.", show_default=False),
]


def repair_unread(apply: Apply = False, data: Data = None, as_json: AsJson = False) -> None:
    """Recount from the log what everybody has not read, and compare it with what the tables give.

    Everything may go on meanwhile. Exits with 1 and shows the first counts that differ, if any do; with
    --apply the rows that they follow from are put right, and it exits with 0.
    """

    def work() -> tuple[Outcome, float]:
        settings = find_target(data).settings
        resolved = Registry(settings.registry, settings.data).resolve_all()
        plan = Plan(settings.kafka, settings.postgres, resolved)
        with Progress("Recounting", 0, "records") as progress:
            return recount(plan, apply, progress.expect, progress.update), progress.elapsed_s

    outcome, seconds = guarded(work, (CannotVerify, psycopg.Error))
    if as_json:
        sys.stdout.write(msgspec.json.encode(_as_json(outcome, seconds)).decode() + "\n")
    else:
        sys.stdout.write("\n".join(_lines(outcome, seconds, apply)) + "\n")
    if outcome.differences.total and not apply:
        raise typer.Exit(1)


def _as_json(outcome: Outcome, seconds: float) -> dict[str, Any]:
    return {
        "records": outcome.records,
        "counts": outcome.counts,
        "differences": outcome.differences.as_json(),
        "repaired": outcome.repaired,
        "seconds": round(seconds, 3),
    }


def _lines(outcome: Outcome, seconds: float, apply: bool) -> list[str]:
    differences = outcome.differences
    lines = [
        f"{outcome.counts:,} rooms of people recounted from {outcome.records:,} records in "
        f"{duration(seconds)}: {differences.total:,} counts differ."
    ]
    lines += [f"  {line}" for line in differences.lines()]
    if differences.total and apply:
        lines.append(f"{outcome.repaired:,} rows that they follow from were put right.")
    elif differences.total:
        lines.append("`roomlog repair-unread --apply` puts right what they follow from.")
    return lines
