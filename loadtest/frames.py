"""What comes from a node, decoded as far as a load test needs it, and the key of its messages. Pure."""

from typing import NamedTuple

from msgspec import Struct
from msgspec.json import Decoder

from roomlog.signals import PresenceState


class Diff(Struct, gc=False):
    """User ids whose presence changed."""

    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    away: tuple[str, ...] = ()


class Frame(Struct, gc=False):
    """Any frame of the protocol. One type for all, so that unknown fields and ops cost and break nothing."""

    op: str
    id: int | str | None = None
    room: str = ""
    cursor: str = ""
    prev: str = ""
    key: str = ""
    code: str = ""
    message: str = ""
    retryable: bool = False
    retry_after_ms: int | None = None
    node: str = ""
    within_ms: int = 0
    state: dict[str, PresenceState] | None = None
    diff: Diff | None = None


decode = Decoder(Frame).decode


class MessageKey(NamedTuple):
    """What the idempotency key of a message says: whose it is, and when it was due.

    `user` is the number of the user in the run, `number` counts that user's messages, `due_us` is in
    microseconds since 1970. Every subscriber gets the key, so each delivery tells its latency.
    """

    run: str
    user: int
    number: int
    due_us: int

    def __str__(self) -> str:
        return f"{self.run}.{self.user}.{self.number}.{self.due_us}"

    @property
    def message(self) -> int:
        """A number that no other message of the run has."""
        return self.user << 32 | self.number


def read_key(run: str, key: str) -> MessageKey | None:
    """Return what a key says; None for that of another run or program."""
    parts = key.split(".")
    if len(parts) != 4 or parts[0] != run:
        return None
    return MessageKey(run, int(parts[1]), int(parts[2]), int(parts[3]))


def offset_of(cursor: str) -> int:
    """Return the offset in a cursor, which orders the events of a room.

    Clients must not do this: to them a cursor means nothing. A load test has to judge the order by itself.
    """
    return int(cursor[cursor.index(":") + 1 :])
