"""Who follows a room on this node, laid out so that all of them are written to without a look at each."""

from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ingest.session import Session


class Roll(NamedTuple):
    """The followers at one moment, those with the same window bits side by side."""

    places: dict["Session", int]
    """In the order of their places, from 0 on."""
    fds: "array[int]"
    """The descriptor of the socket at each place."""
    ways: tuple[tuple[int, int, int], ...]
    """Window bits, and the first place and the one after the last of the sessions that have them."""

    def session_at(self, place: int) -> "Session":
        """Return the session at a place; the way there is as long as the roll."""
        return list(self.places)[place]


class Followers:
    """The sessions that follow a room."""

    __slots__ = ("_roll", "_sessions")

    def __init__(self) -> None:
        self._sessions: dict[Session, None] = {}
        self._roll: Roll | None = None

    def __iter__(self) -> Iterator["Session"]:
        return iter(self._sessions)

    def __len__(self) -> int:
        return len(self._sessions)

    def __contains__(self, session: "Session") -> bool:
        return session in self._sessions

    def add(self, session: "Session") -> None:
        """Take in a session."""
        self._sessions[session] = None
        self._roll = None

    def discard(self, session: "Session") -> None:
        """Forget a session, if it is there."""
        if session in self._sessions:
            del self._sessions[session]
            self._roll = None

    def roll(self) -> Roll:
        """Return who is there now; made once for as long as nobody comes or goes."""
        if self._roll is None:
            self._roll = _call(self._sessions)
        return self._roll


def _call(sessions: dict["Session", None]) -> Roll:
    ordered = sorted(sessions, key=lambda session: session.window_bits)
    ways: list[tuple[int, int, int]] = []
    for place, session in enumerate(ordered):
        first = place
        if ways and ways[-1][0] == session.window_bits:
            first = ways.pop()[1]
        ways.append((session.window_bits, first, place + 1))
    places = {session: place for place, session in enumerate(ordered)}
    return Roll(places, array("i", (session.fd for session in ordered)), tuple(ways))
