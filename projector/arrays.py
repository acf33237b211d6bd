"""Lists as PostgreSQL's arrays, for statements that take one array a column (its documentation, "Array Input").

psycopg's own way looks at each element by itself, which takes a tenth of the projector's time: nearly all elements are
ids, of which none can need quotation marks. The type is left to the statement, which names it in any case.
"""

import re
import struct
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_UUID_OID, _UUID_ARRAY_OID = 2950, 2951
_ID_BYTES = 16
_FRAMED_BYTES = 4 + _ID_BYTES
_FRAME = _ID_BYTES.to_bytes(4, "big").hex()
_HEAD, _NO_DIMENSION = struct.Struct(">iiiii"), 12
_plain = re.compile(r"[0-9a-z-]+(?:,[0-9a-z-]+)*").fullmatch
_SPECIAL = re.compile(r'(["\\])')


class ArrayDumper(Dumper):
    """Dumps a list of texts, numbers, truth values, ids or times, any of them None."""

    def dump(self, obj: list[Any]) -> bytes:
        """Return an array literal; raises psycopg.DataError where a value has no place in one."""
        return f"{{{_elements(obj)}}}".encode()


class Ids(list[str]):
    """Ids for a statement's `uuid[]`, sent as bytes, so that PostgreSQL need not read them as text."""


class IdsDumper(Dumper):
    """Dumps ids in PostgreSQL's binary form (`array_recv` and `uuid_recv` of its source)."""

    oid = _UUID_ARRAY_OID
    format = Format.BINARY

    def dump(self, obj: Ids) -> bytes:
        """Return the array; raises psycopg.DataError where one is no id."""
        if not obj:
            return _HEAD.pack(0, 0, _UUID_OID, 0, 1)[:_NO_DIMENSION]
        try:
            framed = bytes.fromhex(_FRAME + _FRAME.join(obj).replace("-", ""))
        except ValueError:
            framed = b""
        if len(framed) != _FRAMED_BYTES * len(obj):
            raise psycopg.DataError("an array of ids has one that is none")
        return _HEAD.pack(1, 0, _UUID_OID, len(obj), 1) + framed


def _elements(values: list[Any]) -> str:
    kinds = set(map(type, values))
    if kinds == {int}:
        return str(values)[1:-1]
    if kinds == {str}:
        joined = ",".join(values)
        is_one_each = joined.count(",") == len(values) - 1
        if is_one_each and "null" not in joined and _plain(joined):
            return joined
    if kinds == {datetime}:
        times = '","'.join(map(datetime.isoformat, values))
        return f'"{times}"'
    return ",".join(map(_element, values))


def _element(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case str():
            if "\0" in value:
                raise psycopg.DataError("text with U+0000")
            quoted = _SPECIAL.sub(r"\\\1", value)
            return f'"{quoted}"'
        case bool() | int() | UUID():
            return str(value)
        case datetime():
            return f'"{value.isoformat()}"'
    raise psycopg.DataError(f"no array can hold {type(value).__name__}")
