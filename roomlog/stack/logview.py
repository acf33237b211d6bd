"""Showing logs: the last lines of several, then what is added to them."""

import time
from pathlib import Path
from typing import TextIO

from roomlog.stack.errors import log_tail

_POLL_S = 0.2


def show(paths: list[Path], lines: int, follow: bool, out: TextIO) -> None:
    """Write the last lines of each log, each line after its service's name; go on with `follow`."""
    width = max(len(p.stem) for p in paths)
    positions = {path: path.stat().st_size for path in paths}
    for path in paths:
        _write(out, path.stem.ljust(width), log_tail(path, lines))
    while follow:
        for path in paths:
            positions[path], fresh = _read_from(path, positions[path])
            _write(out, path.stem.ljust(width), fresh)
        out.flush()
        time.sleep(_POLL_S)


def _read_from(path: Path, position: int) -> tuple[int, list[str]]:
    """Return the whole lines after a position, and the position after them."""
    with path.open("rb") as file:
        file.seek(position)
        added = file.read()
    whole = added[: added.rfind(b"\n") + 1]
    return position + len(whole), whole.decode(errors="replace").splitlines()


def _write(out: TextIO, name: str, lines: list[str]) -> None:
    for line in lines:
        out.write(f"{name} | {line}\n")
