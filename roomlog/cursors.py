"""Cursors: a place in a room's log, opaque to clients.

Text form `"{epoch}:{offset}"`: the epoch of the log, and the offset in the room's partition of the
last event that is behind the cursor. Offset -1 is before everything.
"""

from typing import NamedTuple

_MAX_OFFSET = 2**63 - 1


class BadCursor(ValueError):
    """A cursor that this server never gave out."""


def cursor_text(epoch: int, offset: int) -> str:
    """Return a cursor's text form without making the cursor: for each message this counts."""
    return f"{epoch}:{offset}"


class Cursor(NamedTuple):
    """A place in one room's log; `str()` gives the form that clients see."""

    epoch: int
    offset: int

    def __str__(self) -> str:
        return cursor_text(self.epoch, self.offset)


def parse_cursor(text: str) -> Cursor:
    """Read a cursor in its text form; raises BadCursor for anything else."""
    epoch, colon, offset = text.partition(":")
    if not colon or not epoch.isdecimal() or not epoch.isascii() or len(text) > 40:
        raise BadCursor(f"not a cursor: {text[:40]!r}")
    if offset == "-1":
        return Cursor(int(epoch), -1)
    if not offset.isdecimal() or not offset.isascii() or int(offset) > _MAX_OFFSET:
        raise BadCursor(f"not a cursor: {text[:40]!r}")
    return Cursor(int(epoch), int(offset))
