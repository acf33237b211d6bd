"""Checks of everything in `infra/`, without a container engine and without a cloud: `python -m infra.checks`.

One module of this package is one check, found by itself; a name that begins with `_` is no check but what several
share. The first line of a check's docstring is its title, and it has one function:

    def check(root: Path) -> list[str]

`root` is the repository; what is returned are problems, each a sentence that names the file and says what to do.
A check that needs a tool which cannot be had here raises NotChecked, which is told and is no problem.
"""

from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
"""The repository."""

Check = Callable[[Path], list[str]]
"""The repository in; problems out, empty where all is well."""


class NotChecked(Exception):
    """A check could not be made here; the text says why, and what would make it possible."""
