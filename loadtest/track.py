"""What one user was sent of one room: none twice, none missing, nothing out of order. Pure.

Every event names its predecessor (`prev`), so a frame whose `prev` is not the one before shows a gap at
once. What was accepted is kept, 16 bytes a message, to be compared with what was acked at the end.
"""

from array import array
from typing import Literal

from loadtest.frames import offset_of

Mode = Literal["asked", "replaying", "live", "detached"]
Taken = Literal["new", "old", "repeated", "gap"]
"""`old`: of a subscription that another one replaced. `gap`: something before it is missing."""


class Track:
    """The events of a room as one user gets them, over all connections of that user."""

    __slots__ = (
        "cursor", "gaps", "last", "messages", "mode", "offsets", "repeats", "room", "start", "user"
    )  # fmt: skip

    def __init__(self, user: int, room: str) -> None:
        self.user, self.room = user, room
        self.mode: Mode = "detached"
        self.cursor: str | None = None
        """Of the last event: where to resume, and what the next one has to name."""
        self.start = self.last = -1
        """Offsets: what comes after `start` is due; `last` was accepted last."""
        self.offsets, self.messages = array("q"), array("q")
        self.gaps = self.repeats = 0

    def asked(self) -> None:
        """A `sub` is on its way; until its ack, what comes belongs to an older one."""
        self.mode = "asked"

    def acked(self, cursor: str) -> None:
        """The `sub` was accepted; the first one of all says where the room begins, and replays nothing."""
        if self.mode != "asked":
            return
        if self.cursor is not None:
            self.mode = "replaying"
            return
        self.mode, self.cursor = "live", cursor
        self.start = self.last = offset_of(cursor)

    def caught_up(self) -> None:
        """What was missed has come."""
        if self.mode == "replaying":
            self.mode = "live"

    def detached(self) -> None:
        """The connection is gone."""
        self.mode = "detached"

    def take(self, cursor: str, prev: str) -> Taken:
        """Judge an event; `gap` means: ask for the room again, from `cursor` on."""
        if self.mode not in ("live", "replaying"):
            return "old"
        offset = offset_of(cursor)
        if offset <= self.last:
            self.repeats += 1
            return "repeated"
        if prev != self.cursor:
            self.gaps += 1
            if self.mode == "live":
                return (
                    "gap"  # in a replay, asking again would bring the same: it is judged at the end
                )
        self.cursor, self.last = cursor, offset
        return "new"

    def keep(self, message: int) -> None:
        """The event just accepted is this message of the run."""
        self.offsets.append(self.last)
        self.messages.append(message)
