"""Where commands print their tables."""

import sys

from rich.console import Console

_WIDTH = 200


def wide_console() -> Console:
    """Return a console that does not squeeze tables into 80 columns where nobody's terminal is."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH)
