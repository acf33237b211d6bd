"""Several runs in a row, one for each fault, and their outcome as a table."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
from rich.table import Table

from roomlog.check.run import Plan, run
from roomlog.check.verdict import COUNTERS, LATE_S, PROMPT, RESUME_S, Verdict
from roomlog.stack import Stack

_CAPTION = (
    f"resume: from the death of a client's node until it has caught up, below {RESUME_S:.0f} s. "
    f"latest: delivery after its ack on living nodes, below {LATE_S:.0f} s. "
    "In brackets: no limit (elections of brokers, deaths of servers and frozen processes are aside)."
)
_DURING = ("acked", "delivered", "read", "told_to_wait")
_MEANWHILE = (
    "From the beginning of a fault until everything was ready again; then all reads of the API in the round. "
    "failed: neither answered nor, with PostgreSQL away, told to wait; must be 0."
)


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
    """Return one line a fault: messages, faults, the counters, longest resume, latest delivery.

    Times in brackets have no limit.
    """
    names = ("fault", "sent", "acked", "faults", *COUNTERS, "resume s", "latest s")
    shown = Table(*names, box=None, caption=_CAPTION, caption_justify="left")
    for column in shown.columns[1:]:
        column.justify = "right"
    for fault, verdict in verdicts.items():
        figures = verdict.figures
        shown.add_row(
            fault,
            f"{figures.sent:,}",
            f"{figures.messages:,}",
            str(sum(figures.faults.values())),
            *(str(verdict.counters[name]) for name in COUNTERS),
            _seconds(max(figures.resume_s.values(), default=None), fault == "kill-ingest"),
            _seconds(figures.late_s.get("overall"), fault in PROMPT),
        )
    return shown


def meanwhile(verdicts: dict[str, Verdict]) -> Table:
    """Return one line a fault: what went on until it had healed, the reads of the whole round, what a rebuild found."""
    reads = ("reads", "told to wait", "reads in all", "failed", "p99 ms")
    names = ("meanwhile", "acked", "delivered", *reads, "rows compared", "different", "blocked ms")
    shown = Table(*names, box=None, caption=_MEANWHILE, caption_justify="left")
    for column in shown.columns[1:]:
        column.justify = "right"
    for fault, verdict in verdicts.items():
        f = verdict.figures
        during = [sum(getattr(m, name) for m in f.meanwhile.values()) for name in _DURING]
        rebuilt = [f.rows_compared, f.rows_different, f.rebuild_blocked_ms]
        numbers = [*during, f.reads, f.reads_failed, f.read_p99_ms]
        cells = [f"{n:,}" for n in numbers] + [f"{n:,}" if f.rows_compared else "" for n in rebuilt]
        shown.add_row(fault, *cells)
    return shown


def _seconds(took: float | None, is_judged: bool) -> str:
    if took is None:
        return ""
    return f"{took:.2f}" if is_judged else f"({took:.2f})"
