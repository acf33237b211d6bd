"""The options that export and replay share, and how their mistakes are told."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from analytics.selection import BadSelection
from roomlog.commands import options
from roomlog.progress import BadSpeed
from roomlog.times import BadTime

_T = TypeVar("_T")

Rooms = Annotated[list[str] | None, typer.Option("--room", help="Only this room (id); repeatable.")]
Workspaces = Annotated[
    list[str] | None,
    typer.Option(
        "--workspace",
        help="Only this workspace (id or short name; default: the rooms of none); repeatable.",
    ),
]
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
Duplicates = Annotated[
    bool, typer.Option(help="Keep records whose event stands earlier in the log.")
]


def guarded(work: Callable[[], _T]) -> _T:
    """Do it; what goes wrong in a way we know is told in one line, with exit code 1 (2: options)."""
    return options.guarded(work, mistakes=(BadSelection, BadSpeed, BadTime))
