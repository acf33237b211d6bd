"""`roomlog check`: prove on a running stack that nothing is lost, doubled, disordered or leaked."""

import asyncio
import contextlib
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from roomlog.check import facts, faults, rounds
from roomlog.check.run import Plan, judge, run
from roomlog.check.verdict import Verdict, as_json, exceeded, render
from roomlog.stack import Stack
from roomlog.stack.errors import StackError
from roomlog.stack.spec import default_data

_TOLD_TROUBLE = (StackError, ValueError, OSError)


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
    each: Annotated[bool, typer.Option(help="One round for each fault, and a table.")] = False,
    seed: Annotated[int, typer.Option(help="Everything random follows from it.")] = 1,
    reads: Annotated[float, typer.Option(min=0, help="Reads of the API a second.")] = 20.0,
    data: Annotated[Path | None, typer.Option(help="Data directory of the stack.")] = None,
    ephemeral: Annotated[bool, typer.Option(help="On a stack of its own, then gone.")] = False,
    nodes: Annotated[int, typer.Option(min=1, max=16, help="Ingest nodes of that stack.")] = 2,
    streams: Annotated[int, typer.Option(min=1, max=24, help="Its streams workers.")] = 2,
    projectors: Annotated[int, typer.Option(min=1, max=24, help="Its projectors.")] = 2,
    brokers: Annotated[int, typer.Option(min=1, max=9, help="Its Kafka brokers.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="File (with --each directory) for what is recorded.")
    ] = None,
    recorded: Annotated[
        Path | None, typer.Option("--history", help="Analyse a recorded history instead.")
    ] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Drive people on a running stack, break things, and count what went wrong; all must be 0.

    Exits with 1 where a counter is not, where a delivery or a resume took longer than promised, or where the
    API did not answer as it should. Load
    above 50 operations a second and person needs a stack with ROOMLOG_RATE_LIMITS=off, or else takes
    its time.
    """
    logging.getLogger("roomlog.client").setLevel(logging.ERROR)  # nodes die here on purpose
    try:
        if recorded is not None:
            verdicts = {"": judge(recorded, facts.read(facts.path_beside(recorded)))}
        else:
            every_s = _seconds(every)
            size = {
                "nodes": nodes,
                "streams": streams,
                "projectors": projectors,
                "brokers": brokers,
            }
            stack = (
                _own(size) if ephemeral else Stack(data=str((data or default_data()).absolute()))
            )
            services = stack.spec.names() if ephemeral else _running(stack)
            chosen = tuple(faults.chosen(fault or [], services))
            plan = Plan(clients, rooms, messages, rate, chosen, every_s, seed, reads)
            with stack if ephemeral else contextlib.nullcontext():
                verdicts = _run(plan, stack, out, each, quiet=as_json_)
    except _TOLD_TROUBLE as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(2) from None
    _show(verdicts, as_json_)
    if not all(v.ok and not exceeded(v.figures) for v in verdicts.values()):
        raise typer.Exit(1)


def _run(plan: Plan, stack: Stack, out: Path | None, each: bool, quiet: bool) -> dict[str, Verdict]:
    directory = out or Path(tempfile.mkdtemp(prefix="roomlog-check-"))

    def tell(line: str) -> None:
        if not quiet:
            sys.stderr.write(f"{line}\n")

    if each:
        directory.mkdir(parents=True, exist_ok=True)
        tell(f"seed {plan.seed}; the histories go to {directory}")
        return rounds.run_each(plan, stack, directory, tell)
    path = out or directory / "history.jsonl"
    tell(f"seed {plan.seed}; the history goes to {path}")
    return {"": asyncio.run(run(plan, stack, path, tell))}


def _show(verdicts: dict[str, Verdict], as_json_: bool) -> None:
    if as_json_:
        shown = {name: as_json(verdict) for name, verdict in verdicts.items()}
        sys.stdout.write(json.dumps(shown.get("", shown)) + "\n")
        return
    for name, verdict in verdicts.items():
        if not name:
            sys.stdout.write(render(verdict) + "\n")
        elif not verdict.ok or exceeded(verdict.figures):
            sys.stdout.write(f"{name}\n{render(verdict)}\n\n")
    if "" not in verdicts:
        console = Console(width=None if sys.stdout.isatty() else 180)
        console.print(rounds.table(verdicts), "\n", rounds.meanwhile(verdicts))


def _own(size: dict[str, Any]) -> Stack:
    """Return a stack of a size, to be started."""
    return Stack(ephemeral=True, web=False, env={"ROOMLOG_RATE_LIMITS": "off"}, **size)


def _running(stack: Stack) -> list[str]:
    return [service.name for service in stack.running().services]


def _seconds(text: str) -> float:
    try:
        return float(text.removesuffix("s"))
    except ValueError:
        raise ValueError(f"--every {text}: not a number of seconds, such as 20s") from None
