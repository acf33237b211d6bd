"""Progress of long work: a bar with rate and time left on a terminal, a plain line now and then elsewhere.

It goes to stderr, so that stdout is the result's.
"""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

_LINE_EVERY_S = 5.0
_DRAW_EVERY_S = 0.1


class BadSpeed(ValueError):
    """A speed that is none; the message says how to write one."""


def describe(done: int, total: int, unit: str, elapsed_s: float) -> str:
    """Return how far work has come: `1,200 of 5,000 actions (24%), 400/s, 10 s left`."""
    rate = done / elapsed_s if elapsed_s > 0 else 0.0
    share = f" ({100 * done // total}%)" if total else ""
    left = f", {duration((total - done) / rate)} left" if rate and done < total else ""
    return f"{done:,} of {total:,} {unit}{share}, {rate:,.0f}/s{left}"


def duration(seconds: float) -> str:
    """Return a duration for people: `8 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60} min"


def parse_speed(text: str) -> float:
    """Read the speed of an import or a replay, `60x`, `1.5` or `max` (0.0); raises BadSpeed."""
    plain = text.strip().lower()
    if plain == "max":
        return 0.0
    try:
        speed = float(plain.removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e9:
        raise BadSpeed(f"{text!r} is no speed: write 1x, 60x or max")
    return speed


class Progress:
    """Shows how far some work is; `total` and `update` count the same unit."""

    def __init__(
        self,
        title: str,
        total: int,
        unit: str,
        stream: IO[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._title, self._total, self._unit = title, total, unit
        self._stream = stream or sys.stderr
        self._clock = clock
        self._started = self._shown = clock()
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        console = Console(file=self._stream)
        if console.is_terminal:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[told]}"),
            )
            self._bar = Bar(*columns, console=console, transient=True)
            self._bar.start()
            self._bar.add_task(self._title, total=self._total, told="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the work began."""
        return self._clock() - self._started

    def expect(self, total: int) -> None:
        """Tell how much there is, where that was not known before."""
        self._total = total
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], total=total)

    def update(self, done: int) -> None:
        """Tell how much is done; cheap enough for every batch."""
        now = self._clock()
        if now - self._shown < (_LINE_EVERY_S if self._bar is None else _DRAW_EVERY_S):
            return
        self._shown = now
        told = describe(done, self._total, self._unit, now - self._started)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, told=told)
        else:
            print(f"{self._title}: {told}", file=self._stream, flush=True)
