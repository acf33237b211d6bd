"""The rooms that a client follows: asked for on every connection, resumed, repaired, held back when full."""

from collections.abc import Iterator

from msgspec import Struct

from roomlog.client.feed import RoomFeed, Verdict
from roomlog.client.replies import Frame, Reply
from roomlog.errors import ErrorCode

_NOT_YET = frozenset({ErrorCode.NO_SUCH_ROOM, ErrorCode.NOT_A_MEMBER})
_RETRIES = 6


class Followed(Struct, eq=False):
    """A room; `own` where the client itself asks for it again, after a reconnect or a gap."""

    room: str
    feed: RoomFeed
    own: bool = False
    aside: bool = False
    """Not subscribed to at the moment, because too many of its events wait to be taken."""
    refusals: int = 0


class Following:
    """The followed rooms, and the subscriptions that are not answered yet, by command id."""

    def __init__(self) -> None:
        self.rooms: dict[str, Followed] = {}
        self._asked: dict[int, Followed] = {}

    def ask(self, number: int, room: str, cursor: str | None) -> None:
        """The program subscribes to a room, with this command."""
        if (old := self.rooms.get(room)) is not None:
            old.feed.detached()
        self._ask(number, Followed(room, RoomFeed(cursor)))

    def ask_again(self, number: int, followed: Followed) -> None:
        """The client subscribes again from where the room is, with this command."""
        followed.own, followed.aside = True, False
        self._ask(number, followed)

    def _ask(self, number: int, followed: Followed) -> None:
        followed.feed.asked()
        self._asked[number] = followed

    def asked(self, number: int | None) -> Followed | None:
        """Return the room that this command asks for."""
        return None if number is None else self._asked.get(number)

    def wants(self, followed: Followed) -> bool:
        """Whether a room has to be asked for once more."""
        return self.rooms.get(followed.room) is followed and followed.feed.is_detached

    def drop(self, room: str) -> None:
        """Do not follow a room any more."""
        self.rooms.pop(room, None)
        self._asked = {n: f for n, f in self._asked.items() if f.room != room}

    def forget(self, number: int) -> None:
        """The command was given up."""
        self._asked.pop(number, None)

    def answered(self, reply: Reply) -> Followed | None:
        """Take in the answer to a command; returns the room where it refuses one that was followed."""
        followed = self._asked.pop(reply.id, None) if reply.id is not None else None
        if followed is None:
            return None
        if reply.is_ack:
            followed.refusals = 0
            followed.feed.acked(reply.cursor)
            self.rooms[followed.room] = followed
        elif followed.own and self.rooms.get(followed.room) is followed:
            followed.feed.detached()
            followed.refusals += 1
            return followed
        elif not reply.retryable:
            self.rooms.pop(followed.room, None)
        return None

    def is_lost(self, followed: Followed, reply: Reply) -> bool:
        """Whether a refusal is for good.

        What was made a moment ago through another node may not be known everywhere yet.
        """
        if reply.retryable:
            return False
        return reply.code not in _NOT_YET or followed.refusals > _RETRIES

    def accept(self, frame: Frame) -> Verdict:
        """Judge an event; those of rooms that are not followed are not handed on."""
        followed = self.rooms.get(frame["room"])
        if followed is None:
            return "skip"
        return followed.feed.accept(frame["id"], frame["cursor"], frame.get("prev"))

    def caught_up(self, frame: Frame) -> bool:
        """The room's replay is over; False where it was one of an older subscription."""
        followed = self.rooms.get(frame["room"])
        return followed is not None and followed.feed.caught_up(frame["cursor"])

    def is_replaying(self, room: str) -> bool:
        """Whether what was missed of a room is still coming."""
        followed = self.rooms.get(room)
        return followed is not None and followed.feed.is_replaying

    def put_aside(self, room: str) -> None:
        """Let go of a room until the program has taken what waits."""
        self.rooms[room].aside = True
        self.rooms[room].feed.detached()

    def aside(self) -> Iterator[Followed]:
        """Return the rooms that were put aside."""
        return (f for f in self.rooms.values() if f.aside)

    def disconnected(self) -> None:
        """The connection is gone, and its subscriptions with it; those not answered are sent again."""
        for followed in self.rooms.values():
            followed.feed.detached()
        for followed in self._asked.values():
            followed.feed.asked()

    def to_resume(self) -> list[Followed]:
        """Return the rooms that a new connection has to be asked for."""
        asked = {f.room for f in self._asked.values()}
        return [f for f in self.rooms.values() if f.room not in asked and not f.aside]
