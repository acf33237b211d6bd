"""`roomlog check`: prove on a running stack that nothing is lost, doubled, disordered or leaked."""

import asyncio
import gc
import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from roomlog.check import analysis, facts, faults, history
from roomlog.check.run import Plan, run
from roomlog.check.verdict import Verdict, as_json, render
from roomlog.stack import Stack
from roomlog.stack.errors import StackError
from roomlog.stack.spec import default_data


def check(
    clients: Annotated[int, typer.Option(min=2, help="People, each with a connection.")] = 24,
    rooms: Annotated[int, typer.Option(min=1, help="Rooms.")] = 8,
    messages: Annotated[int, typer.Option(min=1, help="Messages in all.")] = 10_000,
    rate: Annotated[float, typer.Option(min=1, help="Operations a second.")] = 500.0,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", "--faults", metavar="NAME", help="Fault to inject, or `all`."),
    ] = None,
    every: Annotated[str, typer.Option(help="Time between faults, such as 20s.")] = "20s",
    seed: Annotated[int, typer.Option(help="Everything random follows from it.")] = 1,
    data: Annotated[Path | None, typer.Option(help="Data directory of the stack.")] = None,
    out: Annotated[Path | None, typer.Option(help="File for the recorded history.")] = None,
    recorded: Annotated[
        Path | None, typer.Option("--history", help="Analyse a recorded history instead.")
    ] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Drive people on a running stack, break things, and count what went wrong; all must be 0.

    Exits with 1 where a counter is not.
    """
    gc.disable()  # millions of records live to the end, and none are in cycles
    try:
        if recorded is not None:
            verdict = analysis.judge(
                history.read(recorded), facts.read(facts.path_beside(recorded))
            )
        else:
            chosen = tuple(faults.chosen(fault or []))
            plan = Plan(clients, rooms, messages, rate, chosen, _seconds(every), seed)
            verdict = _run(plan, data, out, quiet=as_json_)
    except (StackError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(2) from None
    sys.stdout.write((json.dumps(as_json(verdict)) if as_json_ else render(verdict)) + "\n")
    if not verdict.ok:
        raise typer.Exit(1)


def _run(plan: Plan, data: Path | None, out: Path | None, quiet: bool) -> Verdict:
    stack = Stack(data=str((data or default_data()).absolute()))
    path = out or Path(tempfile.mkdtemp(prefix="roomlog-check-")) / "history.jsonl"

    def tell(line: str) -> None:
        if not quiet:
            sys.stderr.write(f"{line}\n")

    tell(f"seed {plan.seed}; the history goes to {path}")
    return asyncio.run(run(plan, stack, path, tell))


def _seconds(text: str) -> float:
    try:
        return float(text.removesuffix("s"))
    except ValueError:
        raise ValueError(f"--every {text}: not a number of seconds, such as 20s") from None
