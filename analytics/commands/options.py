"""The options that export and replay share, and how their mistakes are told."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from analytics.selection import BadSelection
from roomlog.kafka import LogUnavailable
from roomlog.progress import BadSpeed
from roomlog.target import NoTarget
from schemas.registry import RegistryError

_T = TypeVar("_T")

Rooms = Annotated[list[str] | None, typer.Option("--room", help="Only this room (id); repeatable.")]
Types = Annotated[
    list[str] | None, typer.Option("--type", help="Only this event type; repeatable.")
]
Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only events of this time (ISO 8601) or later.")
]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Only events before this time.")]
Starts = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="PARTITION:OFFSET",
        help="From this place on, and only partitions so named; repeatable.",
    ),
]
Stops = Annotated[
    list[str] | None,
    typer.Option(
        "--to", metavar="PARTITION:OFFSET", help="Up to this place, it excluded; repeatable."
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(help="Data directory of a stack.  [default: $ROOMLOG_DATA, else .roomlog]"),
]
Duplicates = Annotated[
    bool, typer.Option(help="Keep records whose event stands earlier in the log.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def guarded(work: Callable[[], _T]) -> _T:
    """Do it; what goes wrong in a way we know is told in one line, with exit code 1 (2: options)."""
    try:
        return work()
    except (BadSelection, BadSpeed) as error:
        _tell(error)
        raise typer.Exit(2) from error
    except BrokenPipeError:
        raise
    except (LogUnavailable, RegistryError, NoTarget, OSError) as error:
        _tell(error)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _tell(error: Exception) -> None:
    print(f"roomlog: {error}", file=sys.stderr)
