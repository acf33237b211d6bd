"""Options that commands share, and how what goes wrong is told."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from roomlog.kafka import LogUnavailable
from roomlog.target import NoTarget
from schemas.registry import RegistryError

_T = TypeVar("_T")
_FAILURES = (LogUnavailable, RegistryError, NoTarget, OSError)

Data = Annotated[
    Path | None,
    typer.Option(help="Data directory of a stack.  [default: $ROOMLOG_DATA, else .roomlog]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def guarded(
    work: Callable[[], _T],
    failures: tuple[type[Exception], ...] = (),
    mistakes: tuple[type[Exception], ...] = (),
) -> _T:
    """Do it; what goes wrong in a way we know is told in one line.

    The exit code is 1 for `failures` and what every command knows, 2 for `mistakes` in the options.
    """
    silence_clients()
    try:
        return work()
    except mistakes as error:
        _tell(error)
        raise typer.Exit(2) from error
    except BrokenPipeError:
        raise
    except _FAILURES + failures as error:
        _tell(error)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def silence_clients() -> None:
    """Keep the client of Kafka from writing lines of its own: what fails is told in one, by us."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _tell(error: Exception) -> None:
    print(f"roomlog: {' '.join(str(error).split())}", file=sys.stderr)
