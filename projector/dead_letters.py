"""What is said of a record that cannot be decoded or applied. Pure."""

import base64
from collections.abc import Sequence
from typing import Protocol

from roomlog.letters import DeadLetter, Kind

_HEADER_BYTES = 5


class Record(Protocol):
    """A record as the consumer hands it out; `timestamp` in milliseconds since 1970, by the broker."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


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
        raw=_text(raw),
        timestamp=record.timestamp,
        refused_at=now_ms,
        record_key=None if record.key is None else _text(record.key),
        headers=tuple((name, _text(value or b"")) for name, value in record.headers),
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
