"""A dead letter for people and for programs. Pure."""

import base64
from collections.abc import Callable
from typing import Any

import msgspec

from projector.dlq.choose import write_place
from roomlog.letters import Decision, Letter
from roomlog.times import tell_time
from roomlog.topics import CHAT_EVENTS, CHAT_READS, USER_EVENTS
from schemas.codec import PoisonRecord
from schemas.registry import Codecs

_WIDTH = 16
_MOST_LINES = 64


def decoded(letter: Letter, codecs: Codecs) -> dict[str, Any] | None:
    """Return the record as today's schemas read it, None where they cannot."""
    by_topic: dict[str, Callable[[bytes], Any]] = {
        CHAT_EVENTS: codecs.chat_events.decode,
        USER_EVENTS: codecs.user_events.decode,
        CHAT_READS: codecs.chat_reads.decode,
    }
    try:
        record = by_topic[letter.letter.topic](letter.letter.value)
    except (KeyError, PoisonRecord):
        return None
    fields: dict[str, Any] = msgspec.to_builtins(record)
    return {**fields, "type": type(record.body).__name__}


def as_json(one: Letter) -> dict[str, Any]:
    """Return a letter for programs."""
    fields: dict[str, Any] = msgspec.to_builtins(one.letter)
    return {
        "place": write_place(one.letter.place),
        **fields,
        "state": one.state,
        "decisions": msgspec.to_builtins(one.decisions),
    }


def row(one: Letter) -> tuple[str, ...]:
    """Return a letter as a row of a table with the columns of `HEAD`."""
    letter = one.letter
    size = f"{len(letter.value):,}"
    when = tell_time(letter.refused_at)
    return write_place(letter.place), letter.kind, one.state, when, size, letter.reason


HEAD = ("place", "kind", "state", "refused (UTC)", "bytes", "reason")


def lines(one: Letter, record: dict[str, Any] | None) -> list[str]:
    """Return everything about a letter; `record` is what could be decoded."""
    letter = one.letter
    key = None if letter.record_key is None else base64.b64decode(letter.record_key)
    found = [
        f"{write_place(letter.place)}: {letter.kind}, {one.state}",
        f"reason    {letter.reason}",
        f"stored    {tell_time(letter.timestamp)} UTC",
        f"refused   {tell_time(letter.refused_at)} UTC",
        f"schema id {letter.schema_id if letter.schema_id is not None else 'none'}",
        f"key       {_printable(key)}",
    ]
    found += [f"header    {n}: {_printable(base64.b64decode(v))}" for n, v in letter.headers]
    found += [f"decision  {_decision(decision)}" for decision in one.decisions]
    if record is not None:
        shown = msgspec.json.format(msgspec.json.encode(record), indent=2).decode()
        return [*found, f"record of {len(letter.value):,} bytes, as it is read now:", shown]
    return [*found, f"record of {len(letter.value):,} bytes:", *hex_dump(letter.value)]


def _decision(decision: Decision) -> str:
    where = ""
    if decision.to_offset is not None:
        word = "at" if decision.action == "retried" else "from"
        where = f" {word} partition {decision.to_partition} offset {decision.to_offset}"
    note = f": {decision.note}" if decision.note else ""
    return f"{decision.action}{where} by {decision.by}, {tell_time(decision.at)} UTC{note}"


def hex_dump(data: bytes) -> list[str]:
    """Return bytes as lines of offset, hexadecimal and text; of very many only the first."""
    found: list[str] = []
    for at in range(0, len(data), _WIDTH):
        if len(found) == _MOST_LINES:
            return [*found, f"... and {len(data) - at:,} bytes more (--json has them all)"]
        some = data[at : at + _WIDTH]
        text = "".join(chr(b) if 32 <= b < 127 else "." for b in some)
        found.append(f"{at:06x}  {some.hex(' '):<{_WIDTH * 3 - 1}}  {text}")
    return found or ["(nothing)"]


def _printable(data: bytes | None) -> str:
    if data is None:
        return "none"
    text = data.decode(errors="replace")
    return text if text.isprintable() else data.hex(" ")
