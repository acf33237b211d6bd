"""How large a run of a scenario is. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct


class SizeError(ValueError):
    """A size that a scenario cannot have; the message says why."""


class Size(Struct, frozen=True):
    """What can be changed of a scenario from the command line; None where the scenario has no such thing.

    `messages` and `rate` (a second) are each user's; `seconds` is how long they post; `p99_ms` the limit
    of the 99th percentile of latencies, in milliseconds.
    """

    users: int
    rooms: int = 1
    messages: int | None = None
    rate: float | None = None
    seconds: float | None = None
    p99_ms: float | None = None


NAMES = Size.__struct_fields__


def resized(size: Size, given: Mapping[str, Any], scenario: str) -> Size:
    """Return the size with what was given (None: as it is); raises SizeError."""
    changes = {name: given[name] for name in NAMES if given.get(name) is not None}
    for name, value in changes.items():
        option = "--" + name.replace("_", "-")
        if getattr(size, name) is None:
            there = ", ".join(f"--{n.replace('_', '-')}" for n in NAMES if getattr(size, n))
            raise SizeError(f"{scenario} has no {option}; it has {there}")
        if value <= 0:
            raise SizeError(f"{option} {value}: it has to be more than 0")
    changed = msgspec.structs.replace(size, **changes)
    if changed.rooms > changed.users:
        raise SizeError(f"{changed.rooms} rooms are too many for {changed.users} users")
    return changed
