"""The first pass over the files of an import: is every line good, who takes part, what belongs together."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field

from roomlog.bridge.actions import Action, BadLine, Placed, read_file

PROBLEMS_KEPT = 20


class Survey(Struct):
    """What the files hold. `bad` counts lines that cannot be used, `problems` tells of the first ones."""

    actions: int = 0
    bad: int = 0
    problems: list[BadLine] = field(default_factory=list)
    people: dict[str, None] = field(default_factory=dict)
    """Names in the order of their first appearance."""
    parents: dict[str, set[int]] = field(default_factory=dict)
    """Room -> lines that are answered somewhere."""
    starts: dict[str, datetime] = field(default_factory=dict)
    """Room -> the time of its first action."""
    groups: list[list[Path]] = field(default_factory=list)
    """Files that share rooms are one group, to be played one after the other."""


def survey_files(paths: Sequence[Path], on_line: Callable[[int], None]) -> Survey:
    """Read all files once; `on_line` gets the number of actions so far."""
    found = Survey()
    rooms_of: dict[Path, set[str]] = {}
    lines: dict[str, set[int]] = {}
    for path in dict.fromkeys(paths):
        rooms = rooms_of[path] = set()
        for item in read_file(path):
            problem = item if isinstance(item, BadLine) else _repeated(item, lines)
            if problem is not None:
                _note_problem(found, problem)
            elif isinstance(item, Placed):
                rooms.add(item.action.room)
                _note(found, item.action)
                on_line(found.actions)
    found.groups = group_files(rooms_of.items())
    return found


def group_files(rooms_of: Iterable[tuple[Path, set[str]]]) -> list[list[Path]]:
    """Return files in groups that have no room in common, each in the given order."""
    groups: list[tuple[list[Path], set[str]]] = []
    for path, rooms in rooms_of:
        joined = [g for g in groups if not g[1].isdisjoint(rooms)]
        paths = [p for g in joined for p in g[0]]
        groups = [g for g in groups if g not in joined]
        groups.append(([*paths, path], rooms.union(*(g[1] for g in joined))))
    return [paths for paths, rooms in groups if rooms]


def _repeated(placed: Placed, lines: dict[str, set[int]]) -> BadLine | None:
    action = placed.action
    seen = lines.setdefault(action.room, set())
    if action.line in seen:
        told = (
            f"line {action.line} of room {action.room!r} occurs twice; number the lines of a room"
        )
        return BadLine(placed.path, placed.number, told)
    seen.add(action.line)
    return None


def _note_problem(found: Survey, problem: BadLine) -> None:
    found.bad += 1
    if len(found.problems) < PROBLEMS_KEPT:
        found.problems.append(problem)


def _note(found: Survey, action: Action) -> None:
    found.actions += 1
    found.people.setdefault(action.sender.strip())
    found.starts.setdefault(action.room, action.at)
    if action.reply_to is not None:
        found.parents.setdefault(action.room, set()).add(action.reply_to)
