"""Dead letters: what topic `chat.dlq` says of records that cannot be decoded or applied, and what became of them.

The topic is a log like any other: an operator's decision about a letter is one more record of its key, so
that nothing that was ever said is lost. Pure but for `read`.
"""

import base64
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from msgspec import Struct, field

from roomlog.kafka import Log, Range
from roomlog.topics import CHAT_DLQ

Kind = Literal["undecodable", "inapplicable", "misplaced"]
Action = Literal["retrying", "retried", "dropped"]
State = Literal["open", "retrying", "retried", "dropped"]
Place = tuple[str, int, int]
"""Topic, partition and offset of a record."""


class DeadLetter(Struct, frozen=True):
    """One refused record, as JSON in `chat.dlq`; times in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    kind: Kind
    reason: str
    schema_id: int | None
    raw: str
    """The record's value, base64."""
    timestamp: int
    """When the record was stored."""
    refused_at: int
    record_key: str | None = None
    """The record's key, base64."""
    headers: tuple[tuple[str, str], ...] = ()
    """The record's headers, their values base64."""

    @property
    def place(self) -> Place:
        """Where the record is."""
        return self.topic, self.partition, self.offset

    @property
    def key(self) -> bytes:
        """The record's place: the same letter written twice is recognised by it."""
        return key_of(self.place)

    @property
    def value(self) -> bytes:
        """The record's value."""
        return base64.b64decode(self.raw)


class Decision(Struct, frozen=True):
    """What an operator did about a letter; `at` in milliseconds since 1970.

    `retrying` comes before the record is written again, with the offset that its partition had reached;
    `retried` says where it is now.
    """

    topic: str
    partition: int
    offset: int
    action: Action
    at: int
    by: str
    note: str = ""
    to_partition: int | None = None
    to_offset: int | None = None

    @property
    def place(self) -> Place:
        """Where the record is that the letter is about."""
        return self.topic, self.partition, self.offset


class Letter(Struct):
    """A letter and what was decided about it, in order."""

    letter: DeadLetter
    decisions: list[Decision] = field(default_factory=list)

    @property
    def state(self) -> State:
        """How it stands with the letter."""
        return self.decisions[-1].action if self.decisions else "open"

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be done about it, now or ever."""
        return self.state in ("retried", "dropped")


Letters = dict[Place, Letter]


def key_of(place: Place) -> bytes:
    """Return the key of everything that is said of the record at a place."""
    topic, partition, offset = place
    return f"{topic}-{partition}-{offset}".encode()


def fold(records: Iterable[DeadLetter | Decision]) -> Letters:
    """Return how it stands, given everything in its order; a letter that was written twice is one."""
    found: Letters = {}
    for record in records:
        if isinstance(record, DeadLetter):
            found.setdefault(record.place, Letter(record))
        elif letter := found.get(record.place):
            letter.decisions.append(record)
    return found


def refused(letters: Letters, *, only_settled: bool) -> dict[Place, str]:
    """Return the places that were read and not applied, with the reason; nodes deliver what is there."""
    return {
        place: one.letter.reason
        for place, one in letters.items()
        if one.letter.kind == "inapplicable" and (one.is_settled or not only_settled)
    }


def passed_over(letters: Letters) -> frozenset[Place]:
    """Return the places that count for nothing for ever, even if somebody could read them some day."""
    return frozenset(
        place
        for place, one in letters.items()
        if one.letter.kind != "inapplicable" and one.is_settled
    )


class _Peek(Struct):
    action: str = ""


encode = msgspec.json.Encoder().encode
_peek = msgspec.json.Decoder(_Peek).decode
_letter = msgspec.json.Decoder(DeadLetter).decode
_decision = msgspec.json.Decoder(Decision).decode


def decode(value: bytes) -> DeadLetter | Decision | None:
    """Return what a record of the topic says; None for what is neither of ours."""
    try:
        return _decision(value) if _peek(value).action else _letter(value)
    except msgspec.DecodeError:
        return None


async def read(brokers: str) -> Letters:
    """Return every letter there is; raises LogUnavailable."""
    async with Log(brokers, CHAT_DLQ) as log:
        bounds = await log.bounds(log.partitions)
        found: list[bytes] = []
        for partition, (start, end) in bounds.items():
            async for chunk in log.read(Range(partition, start, end)):
                found += chunk.values
    return fold(_known(found))


def _known(values: Iterable[bytes]) -> Iterator[DeadLetter | Decision]:
    return (record for value in values if (record := decode(value)) is not None)
