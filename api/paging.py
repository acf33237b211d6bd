"""The opaque place where a listing by name goes on. Pure."""

import base64

import msgspec

from api.problems import Problem
from roomlog.errors import ErrorCode
from roomlog.ids import is_id


def write_place(name: str, item: str) -> str:
    """Return the place after an item with this name and id."""
    return base64.urlsafe_b64encode(msgspec.json.encode([name, item])).decode().rstrip("=")


def read_place(text: str) -> tuple[str, str]:
    """Return name and id of the item that a place is after; raises Problem (422)."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        name, item = msgspec.json.decode(data, type=tuple[str, str])
    except (ValueError, msgspec.DecodeError):
        raise _bad() from None
    if not is_id(item) or "\0" in name:
        raise _bad()
    return name, item


def _bad() -> Problem:
    return Problem(ErrorCode.BAD_REQUEST, "after: not the `next` of a page")
