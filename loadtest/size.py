"""How large a run of a scenario is. Pure."""

import math
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
_WHOLE = frozenset({"users", "rooms", "messages"})


def resized(size: Size, given: Mapping[str, Any], scenario: str) -> Size:
    """Return the size with what was given, as numbers or their texts; raises SizeError.

    None, or nothing in a field of the web page, leaves it as it is.
    """
    changes = {}
    for name in NAMES:
        if given.get(name) not in (None, ""):
            if getattr(size, name) is None:
                there = ", ".join(_option(n) for n in NAMES if getattr(size, n) is not None)
                raise SizeError(f"{scenario} has no {_option(name)}; it has {there}")
            changes[name] = _number(name, given[name])
    changed = msgspec.structs.replace(size, **changes)
    if changed.rooms > changed.users:
        raise SizeError(f"{changed.rooms} rooms are too many for {changed.users} users")
    return changed


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise SizeError(f"{_option(name)} {value}: not a number") from None
    if not (math.isfinite(number) and number > 0):
        raise SizeError(f"{_option(name)} {value}: it has to be more than 0")
    if name not in _WHOLE:
        return number
    if not number.is_integer():
        raise SizeError(f"{_option(name)} {value}: not a whole number")
    return int(number)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
