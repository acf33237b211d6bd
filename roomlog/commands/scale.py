"""`roomlog scale`: more or fewer of a kind on the stack that runs on this machine."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from roomlog.commands.options import AsJson, Data, guarded
from roomlog.stack import client, scaling
from roomlog.stack.errors import StackError
from roomlog.stack.spec import SCALABLE, default_data

_HELP = f"How many of which, of {', '.join(SCALABLE)}: ingest=6 streams=3."


def scale(
    kinds: Annotated[list[str], typer.Argument(metavar="KIND=NUMBER...", help=_HELP)],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Change how many of a kind run, while everything goes on.

    One after the other; what goes is asked to (SIGTERM): a node sends its clients elsewhere, a worker
    leaves its partitions to the others, a broker's partitions are copied first. Says what each took. The
    next `roomlog up` starts what its own options say (and every broker that has data).
    """
    guarded(lambda: asyncio.run(_scale(kinds, data, as_json)), failures=(StackError,))


async def _scale(kinds: list[str], data: Path | None, as_json: bool) -> None:
    asked = scaling.wanted(kinds)
    stack = client.Stack(data=str((data or default_data()).absolute()))
    changes = scaling.plan_on(stack, asked)
    done = []
    for change in changes:
        done.append(await scaling.carry_out(stack, change))
        if not as_json:
            print(done[-1].told(), flush=True)
    if as_json:
        print(json.dumps([msgspec.to_builtins(changed) for changed in done]))
    elif not done:
        print("Nothing to do: so many run already.")
