"""`roomlog up`, `down`, `status` and `logs`: the stack on this machine."""

import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from rich.console import Console

from roomlog.settings import BadFile
from roomlog.stack import client, screen, state
from roomlog.stack.errors import Interrupted, StackError
from roomlog.stack.layout import Layout
from roomlog.stack.progress import Event, Ready
from roomlog.stack.spec import KINDS, SERVICES, Spec, default_data, external_servers, kind_of

Data = Annotated[
    Path | None,
    typer.Option(help="Data directory of the stack.  [default: $ROOMLOG_DATA, else .roomlog]"),
]
_T = TypeVar("_T")


def up(
    nodes: Annotated[int, typer.Option(min=1, max=16, help="Ingest nodes.")] = 2,
    streams: Annotated[
        int, typer.Option(min=1, max=24, help="Streams workers; they share the partitions.")
    ] = 1,
    projectors: Annotated[
        int, typer.Option(min=1, max=24, help="Projectors; they share the partitions.")
    ] = 1,
    brokers: Annotated[
        int | None,
        typer.Option(min=1, max=9, help="Kafka brokers.  [default: those with data, else 1]"),
    ] = None,
    data: Data = None,
    ephemeral: Annotated[bool, typer.Option(help="Forget all data when it stops.")] = False,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the web client and the API.")
    ] = None,
    detach: Annotated[bool, typer.Option(help="Return when ready; go on running.")] = False,
    web: Annotated[bool, typer.Option(help="Build the web client where it changed.")] = True,
    only: Annotated[
        str, typer.Option(metavar="NAMES", help=f"Start only these, of {','.join(KINDS)}.")
    ] = "",
    reset: Annotated[
        bool, typer.Option(help="First throw away everything in the data directory.")
    ] = False,
) -> None:
    """Start the whole stack on this machine, and say what to open.

    Without --detach it runs until Ctrl-C. A second start continues with the same data.
    """
    spec = Spec(
        data=str(_directory(data)),
        nodes=nodes,
        streams=streams,
        projectors=projectors,
        brokers=brokers or 0,
        web_port=port,
        web=web,
        ephemeral=ephemeral,
        only=_names(only),
        external=_guarded(external_servers),
    )
    _guarded(lambda: _up(spec, detach, reset))


def down(data: Data = None) -> None:
    """Stop the stack: everything, in order. The data stays."""
    layout = Layout(_directory(data))
    console = Console()
    with console.status("Stopping"):
        stopped = _guarded(lambda: client.down(layout))
    console.print("Stopped." if stopped else f"No stack runs on {layout.data}.", highlight=False)


def status(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show what runs where, and how it is."""
    found = _guarded(lambda: client.running(Layout(_directory(data))))
    if as_json:
        sys.stdout.write(state.public(found).decode() + "\n")
        return
    console = Console()
    if found.web:
        console.print(f"Open {found.web}", highlight=False)
    console.print(screen.services_table(found.services))


def logs(
    service: Annotated[str, typer.Argument(help="A service, or all of a kind.")] = "",
    data: Data = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they grow.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Of each, at first.")] = 20,
) -> None:
    """Show the logs of the stack, or of one service."""
    from roomlog.stack import logview

    layout = Layout(_directory(data))
    paths = [p for p in state.log_files(layout) if service in ("", p.stem, kind_of(p.stem))]
    if not paths:
        known = ", ".join(p.stem for p in state.log_files(layout)) or "none yet"
        _fail(f"No log of {service or 'a stack'} in {layout.logs}; there are: {known}.")
    try:
        logview.show(paths, lines, follow, sys.stdout)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stderr.close()  # whoever read us has seen enough: nothing to complain about


def _up(spec: Spec, detach: bool, reset: bool) -> None:
    console = Console()
    layout = Layout(Path(spec.data))
    if reset:
        _reset(layout, console)
    stack = client.Stack(spec, detached=detach)
    _stop_on_signals(stack)
    try:
        seconds = _start(stack, console)
    except Interrupted as stopped:
        console.print(str(stopped))
        raise typer.Exit(1 if detach else 0) from None
    screen.ready_screen(console, stack.running(), seconds, detach)
    if not detach:
        _stay(stack, console)


def _start(stack: client.Stack, console: Console) -> float:
    took = 0.0

    def on_event(event: Event) -> None:
        nonlocal took
        shown.show(event)
        if isinstance(event, Ready):
            took = event.seconds

    with screen.ProgressScreen(console) as shown:
        stack.on_event = on_event
        stack.start()
    return took


def _stay(stack: client.Stack, console: Console) -> None:
    """Wait until the supervisor ends, because it was told to or was killed."""
    with screen.ProgressScreen(console) as shown:
        stack.on_event = shown.show
        code = stack.wait()
    if code != 0:
        raise StackError(f"The supervisor ended unexpectedly (exit code {code}).")
    console.print("Stopped; nothing is left running.")


def _stop_on_signals(stack: client.Stack) -> None:
    """Let Ctrl-C and SIGTERM stop the stack in order. A second Ctrl-C only shows more patience."""

    def ask(_number: int, _frame: object) -> None:
        stack.ask_to_stop()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask)


def _reset(layout: Layout, console: Console) -> None:
    if state.is_locked(layout):
        raise StackError(f"A stack runs on {layout.data}: stop it first (`roomlog down`).")
    if not layout.data.exists():
        return
    if not layout.run.exists():
        raise StackError(f"{layout.data} is no data directory of a stack: not touched.")
    state.stop_leftovers(layout)
    shutil.rmtree(layout.data)
    console.print(f"Threw away {layout.data}.", highlight=False)


def _directory(data: Path | None) -> Path:
    return data.absolute() if data else default_data()


def _names(only: str) -> tuple[str, ...]:
    names = tuple(n.strip() for n in only.split(",") if n.strip())
    for name in names:
        if name not in KINDS and kind_of(name) not in SERVICES:
            raise typer.BadParameter(f"no service {name}; there are {', '.join(KINDS)}")
    return names


def _guarded(work: Callable[[], _T]) -> _T:
    """Do it; what goes wrong in a way we know is told in plain words."""
    try:
        return work()
    except (StackError, BadFile) as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    screen.failed_screen(Console(stderr=True), message)
    raise typer.Exit(1)
