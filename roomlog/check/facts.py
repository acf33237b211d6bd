"""What was found when everything had come to rest: the log, the rows, the stored offsets.

`Evidence` goes to and comes from a JSON Lines file beside the history.
"""

from pathlib import Path
from typing import Any

from msgspec import DecodeError, Struct, field
from msgspec.json import Decoder, Encoder

from roomlog.check.history import BadHistory


class LogEvent(Struct, frozen=True, gc=False, tag_field="t", tag="log"):
    """One record of the log; `d` and `ts` are in the form that clients get."""

    partition: int
    offset: int
    room: str
    type: str
    id: str
    sender: str
    ts: str
    key: str
    d: dict[str, Any]


class MessageRow(Struct, frozen=True, gc=False, tag_field="t", tag="message"):
    """A row of `messages`; `text` is None for a deleted one."""

    room: str
    offset: int
    id: str
    sender: str
    text: str | None
    reply_to: str | None
    edited: bool
    deleted: bool


class MemberRow(Struct, frozen=True, gc=False, tag_field="t", tag="member"):
    """A row of `members`."""

    room: str
    user: str
    role: str


class ReactionRow(Struct, frozen=True, gc=False, tag_field="t", tag="reaction"):
    """A row of `reactions`; `id` is the message's."""

    room: str
    id: str
    emoji: str
    user: str


class PinRow(Struct, frozen=True, gc=False, tag_field="t", tag="pin"):
    """A row of `pins`; `id` is the message's, `by` who pinned it."""

    room: str
    id: str
    by: str


class RoomRow(Struct, frozen=True, gc=False, tag_field="t", tag="room"):
    """A row of `rooms`."""

    room: str
    name: str
    last_offset: int
    members: int
    messages: int


class Letter(Struct, frozen=True, gc=False, tag_field="t", tag="letter"):
    """A dead letter about a record of chat.events."""

    partition: int
    offset: int


class Place(Struct, frozen=True, gc=False, tag_field="t", tag="place"):
    """How far a partition is taken in, by the projection or the search: `stored` is its row, `end` the log's end."""

    partition: int
    stored: int
    end: int
    by: str = "projection"


Fact = LogEvent | MessageRow | MemberRow | ReactionRow | PinRow | RoomRow | Place | Letter
_encode = Encoder().encode
_decoder: Decoder[Fact] = Decoder(Fact)


class Evidence(Struct):
    """Everything that the history is compared with; only what belongs to the history's rooms."""

    log: list[LogEvent] = field(default_factory=list)
    messages: list[MessageRow] = field(default_factory=list)
    members: list[MemberRow] = field(default_factory=list)
    reactions: list[ReactionRow] = field(default_factory=list)
    pins: list[PinRow] = field(default_factory=list)
    rooms: list[RoomRow] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)

    def add(self, fact: Fact) -> None:
        """Put a fact where it belongs."""
        lists: dict[type[Struct], list[Any]] = {
            LogEvent: self.log,
            MessageRow: self.messages,
            MemberRow: self.members,
            ReactionRow: self.reactions,
            PinRow: self.pins,
            RoomRow: self.rooms,
            Place: self.places,
            Letter: self.letters,
        }
        lists[type(fact)].append(fact)


def path_beside(history: Path) -> Path:
    """Return where the evidence of a history is kept."""
    return history.with_suffix(".evidence.jsonl")


def write(path: Path, evidence: Evidence) -> None:
    """Write everything; raises OSError."""
    with path.open("wb", buffering=1 << 20) as file:
        for name in evidence.__struct_fields__:
            for fact in getattr(evidence, name):
                file.write(_encode(fact) + b"\n")


def read(path: Path) -> Evidence:
    """Read what `write` wrote; raises BadHistory and OSError."""
    evidence = Evidence()
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                evidence.add(_decoder.decode(line))
            except DecodeError as error:
                raise BadHistory(f"{path}, line {number}: {error}") from error
    return evidence
