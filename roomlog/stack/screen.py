"""What a person sees on the way up: a live table in a terminal, plain lines elsewhere, one screen at the end."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from roomlog.stack.progress import Event, Failed, Note, Step
from roomlog.stack.spec import SERVICES, kind_of, number_of
from roomlog.stack.state import ServiceStatus, Status

_MARKS = {"waiting": "·", "done": "✓", "failed": "✗", "skipped": "-"}
_COLOURS = {"waiting": "dim", "running": "yellow", "done": "green", "failed": "red"}
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_STATE_COLOURS = {"ready": "green", "failed": "red"}


class ProgressScreen:
    """Shows events until it is closed, from the first one on; as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps: dict[str, Step] = {}
        self._said: dict[str, str] = {}
        self._live = Live(
            console=console, get_renderable=self._table, transient=True, refresh_per_second=10
        )

    def show(self, event: Event) -> None:
        """Take one event in."""
        if isinstance(event, Note):
            now = time.strftime("%H:%M:%S")
            self._console.print(f"{now} {event.text}", markup=False, highlight=False)
        if not isinstance(event, Step):
            return
        self._steps[event.name] = event
        if not self._console.is_terminal:
            self._say(event)
        elif not self._live.is_started:
            self._live.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def _say(self, step: Step) -> None:
        """Print a line where a step begins, ends, or has fetched another quarter."""
        if step.state == "waiting":
            return
        quarter = f" {step.done * 4 // step.total * 25} %" if step.total else ""
        line = f"{step.name}: {step.text or step.state}{quarter}"
        if self._said.get(step.name) != line:
            self._said[step.name] = line
            self._console.print(line, markup=False, highlight=False)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for step in self._steps.values():
            colour = _COLOURS.get(step.state, "dim")
            mark = _MARKS.get(step.state) or _SPINNER[int(time.monotonic() * 10) % len(_SPINNER)]
            table.add_row(Text(mark, colour), step.name, Text(_detail(step), "dim"))
        return table


def _detail(step: Step) -> str:
    if not step.total:
        return step.text
    filled = int(24 * step.done / step.total)
    bar = "━" * filled + "╌" * (24 - filled)
    return f"{step.text} {bar} {step.done / 1e6:.0f} of {step.total / 1e6:.0f} MB"


def ready_screen(console: Console, status: Status, seconds: float, detached: bool) -> None:
    """Print the one screen: what to open, what runs where, how to stop."""
    console.print(f"\nRoomlog is ready after {seconds:.1f} s.", style="bold green", highlight=False)
    if status.web:
        console.print(f"\n  Open  [bold cyan underline]{status.web}[/]\n", highlight=False)
    console.print(services_table(status.services))
    kept = "gone when it stops" if status.ephemeral else "kept"
    console.print(f"\n  Data in {status.data} ({kept}), logs in its folder logs.", highlight=False)
    console.print(f"  Stop: {stop_hint(status, detached)}\n", highlight=False)


def stop_hint(status: Status, detached: bool) -> str:
    """Return how this stack is stopped."""
    return f"roomlog down --data {status.data}" if detached else "Ctrl-C"


def services_table(services: list[ServiceStatus]) -> Table:
    """Return a table of services: state, address, restarts, process."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in ("service", "state", "port", "restarts", "pid"):
        table.add_column(column, justify="left" if column in {"service", "state"} else "right")
    for s in sorted(services, key=_order):
        style = _STATE_COLOURS.get(s.state, "yellow")
        table.add_row(s.name, Text(s.state, style), str(s.port), str(s.restarts), str(s.pid or "-"))
    return table


def _order(service: ServiceStatus) -> tuple[int, int]:
    kinds = ["api", *SERVICES[:-1], "kafka", "postgres", "valkey", "registry"]
    kind = kind_of(service.name)
    return (kinds.index(kind) if kind in kinds else len(kinds), number_of(service.name))


def failed_screen(console: Console, failure: Failed | str) -> None:
    """Print why the stack does not run, and what to do."""
    message = failure if isinstance(failure, str) else failure.message
    console.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
