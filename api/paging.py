"""The opaque places where the next page of a listing or of a search goes on. Pure."""

import base64
from typing import NamedTuple, TypeVar

import msgspec

from api.problems import Problem
from api.search_walk import MAX_OFFSET, Hit, Place
from roomlog.errors import ErrorCode
from roomlog.ids import is_id
from roomlog.times import micros, time_of

_Micros = tuple[int, str, int]
"""A place of a search: microseconds since 1970, room and offset."""
_T = TypeVar("_T")


def write_place(name: str, item: str) -> str:
    """Return the place after an item with this name and id."""
    return _write([name, item])


def read_place(text: str) -> tuple[str, str]:
    """Return name and id of the item that a place is after; raises Problem (422)."""
    name, item = _read(text, tuple[str, str])
    if not is_id(item) or "\0" in name:
        raise _bad()
    return name, item


class SearchPlace(NamedTuple):
    """The last hit of a page; `top` is the newest of those that were put in order of their relevance."""

    last: Hit
    top: Place | None


def write_search_place(last: Hit, top: Place | None) -> str:
    """Return the place after a hit."""
    return _write([_micros(last.place), last.rank, top and _micros(top)])


def read_search_place(text: str) -> SearchPlace:
    """Return what `write_search_place` wrote; raises Problem (422)."""
    last, rank, top = _read(text, tuple[_Micros, float | None, _Micros | None])
    return SearchPlace(Hit(_of_micros(last), rank), _of_micros(top) if top else None)


def _micros(place: Place) -> _Micros:
    return micros(place.sent_at), place.room, place.offset


def _of_micros(place: _Micros) -> Place:
    at, room, offset = place
    if not is_id(room) or not -1 <= offset <= MAX_OFFSET:
        raise _bad()
    try:
        return Place(time_of(at), room, offset)
    except OverflowError:
        raise _bad() from None


def _write(place: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _read(text: str, kind: type[_T]) -> _T:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(data, type=kind)
    except (ValueError, msgspec.DecodeError):
        raise _bad() from None


def _bad() -> Problem:
    return Problem(ErrorCode.BAD_REQUEST, "after: not the `next` of a page")
