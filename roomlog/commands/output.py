"""How commands print their tables."""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console

_WIDTH = 200


def wide_console() -> Console:
    """Return a console that does not squeeze tables into 80 columns where nobody's terminal is."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
