"""Several runs in a row, one for each fault, and their outcome as a table."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
from rich.table import Table

from roomlog.check.run import Plan, run
from roomlog.check.verdict import COUNTERS, Verdict
from roomlog.stack import Stack


def run_each(
    plan: Plan, stack: Stack, directory: Path, tell: Callable[[str], None]
) -> dict[str, Verdict]:
    """Run the plan once for each of its faults; return fault -> verdict. Raises as `run` does.

    Histories go to `directory`, named after the faults. A short round has its fault halfway.
    """
    verdicts: dict[str, Verdict] = {}
    every_s = min(plan.every_s, plan.messages / plan.rate / 2)
    for fault in plan.faults:
        tell(f"round {len(verdicts) + 1} of {len(plan.faults)}: {fault}")
        alone = msgspec.structs.replace(plan, faults=(fault,), every_s=every_s)
        verdicts[fault] = asyncio.run(run(alone, stack, directory / f"{fault}.jsonl", tell))
    return verdicts


def table(verdicts: dict[str, Verdict]) -> Table:
    """Return one line a fault: the counters, messages, faults, worst resume, latest delivery."""
    shown = Table("fault", *COUNTERS, "messages", "faults", "resume s", "latest s", box=None)
    for column in shown.columns[1:]:
        column.justify = "right"
    for fault, verdict in verdicts.items():
        figures = verdict.figures
        shown.add_row(
            fault,
            *(str(verdict.counters[name]) for name in COUNTERS),
            f"{figures.messages:,}",
            str(sum(figures.faults.values())),
            f"{figures.worst_resume_s:.2f}",
            f"{figures.late_s.get('overall', 0):.2f}",
        )
    return shown
