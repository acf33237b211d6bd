"""Lists as PostgreSQL's arrays, for statements that take one array a column (its documentation, "Array Input").

psycopg's own way looks at each element by itself, which takes a tenth of the projector's time: nearly all elements are
ids, of which none can need quotation marks. The type is left to the statement, which names it in any case.
"""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.adapt import Dumper

_plain = re.compile(r"[0-9a-z-]+(?:,[0-9a-z-]+)*").fullmatch
_SPECIAL = re.compile(r'(["\\])')


class ArrayDumper(Dumper):
    """Dumps a list of texts, numbers, truth values, ids or times, any of them None."""

    def dump(self, obj: list[Any]) -> bytes:
        """Return an array literal; raises psycopg.DataError where a value has no place in one."""
        return f"{{{_elements(obj)}}}".encode()


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
