"""Rows of `messages` in PostgreSQL's binary COPY format (documentation of COPY, "Binary Format").

Packed by hand: the driver's generic adaptation of each value would cost more than decoding the event.
"""

import base64
import struct
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from roomlog.ids import is_id
from roomlog.readmodels.tables import EARLIEST_MICROS, LATEST_MICROS
from schemas.columns import Bytes, Ints

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
COLUMNS = (
    'room_id, "offset", event_id, sender_id, sent_at, text, sealed, reply_to, mentions, attachments'
)

_MICROS_1970_TO_2000 = 946_684_800_000_000

_NULL = b"\xff\xff\xff\xff"
_UUID_OID = 2950
_JSONB_VERSION = b"\x01"
_FIXED = struct.Struct(">hi16siqi16si16siq")
_LENGTH = struct.Struct(">i")
_UUID = struct.Struct(">i16s")
_ARRAY = struct.Struct(">iiiii")
_EMPTY_ARRAY = struct.pack(">iiii", 12, 0, 0, _UUID_OID)
_EMPTY_LIST = struct.pack(">i", 3) + _JSONB_VERSION + b"[]"
PLAIN_TAIL = _NULL + _NULL + _EMPTY_ARRAY + _EMPTY_LIST
"""What follows the text of a message that is plain, answers nothing, names nobody and has no file."""
_HEAD = np.dtype(
    [
        ("columns", ">i2"),
        ("room_size", ">i4"),
        ("room", "V16"),
        ("offset_size", ">i4"),
        ("offset", ">i8"),
        ("event_size", ">i4"),
        ("event", "V16"),
        ("sender_size", ">i4"),
        ("sender", "V16"),
        ("time_size", ">i4"),
        ("time", ">i8"),
        ("text_size", ">i4"),
    ]
)
_SIZES = {
    "columns": 10,
    "room_size": 16,
    "offset_size": 8,
    "event_size": 16,
    "sender_size": 16,
    "time_size": 8,
}


class Unstorable(ValueError):
    """A value that PostgreSQL cannot hold; the message says which and why."""


def uuid_bytes(text: str) -> bytes:
    """Return the 16 bytes of an id; raises Unstorable."""
    try:
        value = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        value = b""
    if len(value) != 16 or len(text) != 36:
        raise Unstorable(f"{text[:40]!r} is not an id")
    return value


cached_uuid_bytes = lru_cache(maxsize=65_536)(uuid_bytes)
"""The same for ids that come again and again: rooms and people."""


def message_row(
    room: bytes, offset: int, event: bytes, sender: bytes, at: int, body: dict[str, Any]
) -> bytes:
    """Return one message as a COPY row.

    `at` is in microseconds since 1970, `body` the decoded MessagePosted. Raises Unstorable for text
    with U+0000 and for a `reply_to` that is no id. Mentions that are no ids name nobody and are left
    out.
    """
    fixed = _FIXED.pack(
        10, 16, room, 8, offset, 16, event, 16, sender, 8, at - _MICROS_1970_TO_2000
    )
    text = body["text"]
    if type(text) is str and not (body["reply_to"] or body["mentions"] or body["attachments"]):
        return b"".join((fixed, _text(text), PLAIN_TAIL))
    if type(text) is str:
        plain, sealed = _text(text), _NULL
    else:  # the codec's form of a union's record branch: (record name, fields)
        plain, sealed = _NULL, _jsonb(sealed_json(**text[1]))
    return b"".join((fixed, plain, sealed, _reply(body), _mentions(body), _attachments(body)))


def heads(
    rooms: Bytes, offsets: Ints, events: Bytes, senders: Bytes, times: Ints, text_sizes: Ints
) -> list[bytes]:
    """Return what comes before the text of many rows; ids as 16 bytes each, times as for `message_row`."""
    head = np.empty(len(offsets), _HEAD)
    for name, size in _SIZES.items():
        head[name] = size
    for name, ids in (("room", rooms), ("event", events), ("sender", senders)):
        head[name] = np.ascontiguousarray(ids).view("V16").ravel()
    head["offset"], head["time"] = offsets, times - _MICROS_1970_TO_2000
    head["text_size"] = text_sizes
    found: list[bytes] = head.view(f"V{_HEAD.itemsize}").tolist()
    return found


def reply_tail(target: bytes) -> bytes:
    """Return what follows the text of a row that is plain but answers the message with this id (16 bytes)."""
    return b"".join((_NULL, _UUID.pack(16, target), _EMPTY_ARRAY, _EMPTY_LIST))


def sealed_json(key_id: str, nonce: bytes, ciphertext: bytes) -> bytes:
    """Return a sealed text in the form of column `sealed`."""
    nonce_text, cipher_text = (base64.b64encode(b).decode() for b in (nonce, ciphertext))
    return msgspec.json.encode({"key_id": key_id, "nonce": nonce_text, "ciphertext": cipher_text})


def time_of(row: bytes) -> int:
    """Return when a message was sent, in microseconds since 1970, from its row."""
    return int(_FIXED.unpack_from(row)[-1]) + _MICROS_1970_TO_2000


def require_text(text: str) -> str:
    """Return the text; raises Unstorable where it has U+0000, which PostgreSQL has no room for."""
    if "\0" in text:
        raise Unstorable("text with U+0000")
    return text


def require_id(text: str) -> str:
    """Return the text; raises Unstorable where it is no id."""
    if not is_id(text):
        raise Unstorable(f"{text[:40]!r} is not an id")
    return text


def require_time(at: int) -> int:
    """Return the time (microseconds since 1970); raises Unstorable outside the years 1 to 9999."""
    if not EARLIEST_MICROS <= at <= LATEST_MICROS:
        raise Unstorable(f"time {at} is outside the years 1 to 9999")
    return at


def _text(text: str) -> bytes:
    encoded = require_text(text).encode()
    return _LENGTH.pack(len(encoded)) + encoded


def _jsonb(encoded: bytes) -> bytes:
    if b"\\u0000" in encoded:
        raise Unstorable("JSON with U+0000")
    return _LENGTH.pack(len(encoded) + 1) + _JSONB_VERSION + encoded


def _reply(body: dict[str, Any]) -> bytes:
    return _UUID.pack(16, uuid_bytes(body["reply_to"])) if body["reply_to"] else _NULL


def _mentions(body: dict[str, Any]) -> bytes:
    users = [uuid_bytes(m) for m in body["mentions"] if is_id(m)]
    if not users:
        return _EMPTY_ARRAY
    items = b"".join(_UUID.pack(16, user) for user in users)
    array = _ARRAY.pack(1, 0, _UUID_OID, len(users), 1) + items
    return _LENGTH.pack(len(array)) + array


def _attachments(body: dict[str, Any]) -> bytes:
    return _jsonb(msgspec.json.encode(body["attachments"])) if body["attachments"] else _EMPTY_LIST
