"""One room's events as a client sees them: none twice, none missing, nothing out of order.

Cursors are opaque, so order is never computed from them: a replay comes in the order of the log, and a live
event names its predecessor (docs/protocol.md).
"""

from collections import OrderedDict
from typing import Literal

_REMEMBERED = 2_000
"""Event ids of a room that are kept to tell what came already."""

Verdict = Literal["apply", "skip", "gap"]
"""`apply`: new. `skip`: had already, or about to be replayed. `gap`: something before it is missing."""


class RoomFeed:
    """The sequence of one room; starts after `cursor`, or where the `sub` is accepted."""

    __slots__ = ("_chain", "_mode", "_seen", "cursor")

    def __init__(self, cursor: str | None) -> None:
        self.cursor = cursor
        """Where to resume: everything up to here was handed on."""
        self._mode: Literal["detached", "asked", "replaying", "live"] = "detached"
        self._chain: frozenset[str] = frozenset()
        """What the next live event may name as its predecessor; empty where that is not known."""
        self._seen: OrderedDict[str, None] = OrderedDict()

    @property
    def is_detached(self) -> bool:
        """Whether nothing is subscribed to or asked for."""
        return self._mode == "detached"

    @property
    def is_replaying(self) -> bool:
        """Whether what was missed is still coming."""
        return self._mode == "replaying"

    def asked(self) -> None:
        """A `sub` is on its way; until its ack, what comes belongs to an older one."""
        self._mode = "asked"

    def acked(self, cursor: str | None) -> None:
        """The `sub` was accepted. One without a cursor has no replay: the room goes on after `cursor`."""
        if self._mode != "asked":
            return
        self._mode = "replaying"
        if self.cursor is None:
            self._go_live(cursor)

    def caught_up(self, cursor: str) -> bool:
        """The replay is over, everything up to `cursor` came; False where no such replay was asked for."""
        if self._mode == "replaying":
            self._go_live(cursor)
            self.cursor = cursor
        return self._mode == "live"

    def detached(self) -> None:
        """There is no subscription."""
        self._mode = "detached"

    def accept(self, event: str, cursor: str, prev: str | None) -> Verdict:
        """Judge an event by its id, its cursor and its predecessor's, and go on after it if it is new."""
        if self._mode in ("asked", "detached"):
            return "skip"
        if event in self._seen:
            if prev in self._chain:  # the log has it at this place once more
                self.cursor, self._chain = cursor, frozenset({cursor})
            return "skip"
        if self._mode == "live" and self._chain and prev is not None and prev not in self._chain:
            return "gap"
        self.cursor, self._chain = cursor, frozenset({cursor})
        self._seen[event] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return "apply"

    def _go_live(self, cursor: str | None) -> None:
        self._mode = "live"
        # A node may say that it is beyond the last event of the replay: at a repeat that it left out, say.
        self._chain |= {cursor} if cursor else frozenset()
        self.cursor = self.cursor or cursor
