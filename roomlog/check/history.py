"""What happened in a run, as records in a JSON Lines file: one `Record` a line, in order of `at`.

`at` is nanoseconds of the monotonic clock of the process that recorded. An operation is an `Invoke` and at
most one of `Ok` (acked), `Fail` (definitely refused) and `Info` (unknown: timeout, cancel, disconnect);
one without any of these is as unknown as `Info`.
"""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

from msgspec import DecodeError, Struct
from msgspec.json import Decoder, Encoder

SECOND_NS = 1_000_000_000


class BadHistory(ValueError):
    """A file that is no history; the message names the line."""


class _At(Struct, frozen=True, gc=False, tag_field="t"):
    at: int


class Invoke(_At, frozen=True, gc=False, tag="invoke"):
    """A client is about to send a command; `body` has its fields besides op, room and key."""

    client: str
    user: str
    op: int
    """Number of the operation, unique in a history."""
    kind: str
    room: str
    """For a `create` the id that the room will have."""
    key: str
    body: dict[str, Any]


class Ok(_At, frozen=True, gc=False, tag="ok"):
    """The node acked; `event` is None where the command changed nothing."""

    op: int
    event: str | None = None
    cursor: str | None = None


class Fail(_At, frozen=True, gc=False, tag="fail"):
    """The node refused, and nothing sent before can have taken effect."""

    op: int
    code: str
    message: str = ""


class Info(_At, frozen=True, gc=False, tag="info"):
    """Nobody knows whether it took effect; at most once, then."""

    op: int
    why: str


class Connected(_At, frozen=True, gc=False, tag="connected"):
    """A client is connected to a node (its `hello`)."""

    client: str
    user: str
    node: str


class Disconnected(_At, frozen=True, gc=False, tag="disconnected"):
    """A client's connection ended; by its own will, or with a close code."""

    client: str
    why: str


class Subscribed(_At, frozen=True, gc=False, tag="subscribed"):
    """A `sub` was acked. `cursor` is what was asked for, None: from now, which is after `start`."""

    client: str
    room: str
    cursor: str | None
    start: str


class Unfollowed(_At, frozen=True, gc=False, tag="unfollowed"):
    """The client cannot (or does not want to) follow the room any more."""

    client: str
    room: str
    why: str


class Frame(Struct, frozen=True, gc=False):
    """An `event` frame as it came."""

    room: str
    cursor: str
    prev: str
    type: str
    id: str
    sender: str
    ts: str
    key: str
    d: dict[str, Any]


class Received(_At, frozen=True, gc=False, tag="received"):
    """A subscriber got an event."""

    client: str
    frame: Frame


class CaughtUp(_At, frozen=True, gc=False, tag="caught_up"):
    """The node says that everything before the cursor was sent."""

    client: str
    room: str
    cursor: str


class Reset(_At, frozen=True, gc=False, tag="reset"):
    """The node cannot resume; what the client shows begins anew."""

    client: str
    room: str
    reason: str


class Paused(_At, frozen=True, gc=False, tag="paused"):
    """A client stopped reading its socket."""

    client: str


class Unpaused(_At, frozen=True, gc=False, tag="unpaused"):
    """The client reads again."""

    client: str


class Away(_At, frozen=True, gc=False, tag="away"):
    """A client stays away from all nodes for some time, because it wants to."""

    client: str


class Shown(_At, frozen=True, gc=False, tag="shown"):
    """What a client displays of a room in the end: `(id, text, emoji -> users)` from top to bottom.

    The text of a deleted message is None.
    """

    client: str
    room: str
    messages: list[tuple[str, str | None, dict[str, list[str]]]]
    members: list[str]
    pins: list[str] = []
    """Messages that are kept in view."""


class Fault(_At, frozen=True, gc=False, tag="fault"):
    """Something was done to a service (or to several)."""

    kind: str
    services: list[str]


class Poisoned(_At, frozen=True, gc=False, tag="poisoned"):
    """A record that nobody can read was put into chat.events."""

    partition: int
    offset: int


class Healed(_At, frozen=True, gc=False, tag="healed"):
    """Every service is ready again."""


class Rebuilt(_At, frozen=True, gc=False, tag="rebuilt"):
    """All read models were made again and swapped; `rows` were compared with the live ones before."""

    rows: int
    different: int
    blocked_ms: int
    """How long the projectors had to wait."""


class Read(_At, frozen=True, gc=False, tag="read"):
    """The API answered a read, after `ms`; status 0: it did not, and `code` says why."""

    path: str
    status: int
    ms: int
    code: str = ""
    """Of the problem."""
    retry_after: str = ""
    """The header, in seconds."""


class Stalled(_At, frozen=True, gc=False, tag="stalled"):
    """The checker itself could not run for so long: what came meanwhile seems later than it was."""

    ms: int


class Settling(_At, frozen=True, gc=False, tag="settling"):
    """The last connections are kept no longer: from here on clients get by resuming what they missed."""


Record = (
    Invoke
    | Ok
    | Fail
    | Info
    | Connected
    | Disconnected
    | Subscribed
    | Unfollowed
    | Received
    | CaughtUp
    | Reset
    | Paused
    | Unpaused
    | Away
    | Shown
    | Fault
    | Poisoned
    | Healed
    | Rebuilt
    | Read
    | Stalled
    | Settling
)
RECORDS: tuple[type[Struct], ...] = get_args(Record)
now_ns = time.monotonic_ns
_encode = Encoder().encode
_decoder: Decoder[Record] = Decoder(Record)


class Writer:
    """Appends records to a file; `close` it, so that the last ones are there."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=1 << 20)

    def write(self, record: Record) -> None:
        """Append a record."""
        self._file.write(_encode(record) + b"\n")

    def received(self, at: int, client: str, frame: bytes) -> None:
        """Append a `Received` whose frame is still the JSON that came."""
        self._file.write(
            b'{"t":"received","at":%d,"client":"%b","frame":%b}\n' % (at, client.encode(), frame)
        )

    def close(self) -> None:
        """Write out what is buffered."""
        self._file.close()


def read(path: Path) -> Iterator[Record]:
    """Give the records of a file; raises BadHistory and OSError.

    A last line that was cut off, because the recorder was killed, is left out.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield _decoder.decode(line)
            except DecodeError as error:
                if not line.endswith(b"\n"):
                    return
                raise BadHistory(f"{path}, line {number}: {error}") from error


def write(path: Path, records: Iterable[Record]) -> None:
    """Write a whole history."""
    writer = Writer(path)
    for record in records:
        writer.write(record)
    writer.close()


def offset_of(cursor: str) -> int:
    """Return the offset that a cursor of this project's nodes names; raises ValueError.

    Clients must not do this; the checker knows the log and compares with it.
    """
    return int(cursor[cursor.index(":") + 1 :])
