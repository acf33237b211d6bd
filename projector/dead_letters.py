"""What is said of a record that cannot be decoded or applied: the records of topic `chat.dlq`. Pure."""

import base64
from typing import Literal, Protocol

import msgspec

Kind = Literal["undecodable", "inapplicable", "misplaced"]
_HEADER_BYTES = 5


class Record(Protocol):
    """A record as the consumer hands it out; `timestamp` in milliseconds since 1970, by the broker."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes | None


class DeadLetter(msgspec.Struct, frozen=True):
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

    @property
    def key(self) -> bytes:
        """The record's place: the same letter written twice is recognised by it."""
        return f"{self.topic}-{self.partition}-{self.offset}".encode()


def dead_letter(record: Record, kind: Kind, reason: str, now_ms: int) -> DeadLetter:
    """Return the letter about a record."""
    raw = record.value or b""
    has_header = len(raw) >= _HEADER_BYTES and raw[0] == 0
    return DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        kind=kind,
        reason=reason,
        schema_id=int.from_bytes(raw[1:_HEADER_BYTES], "big") if has_header else None,
        raw=base64.b64encode(raw).decode(),
        timestamp=record.timestamp,
        refused_at=now_ms,
    )


encode = msgspec.json.Encoder().encode
