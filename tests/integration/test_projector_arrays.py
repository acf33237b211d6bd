"""What the projector sends as arrays is what PostgreSQL reads."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from projector.arrays import ArrayDumper, Ids, IdsDumper
from roomlog import ids

IDS = [ids.derived_id("array", str(n)) for n in range(3)]
NOON = datetime(2026, 11, 28, 12, 0, 0, 123_456, UTC)


@pytest.fixture
def arrays(db):
    db.adapters.register_dumper(list, ArrayDumper)
    db.adapters.register_dumper(Ids, IdsDumper)
    return db


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("uuid", IDS),
        ("uuid", [IDS[0], None]),
        ("uuid", [UUID(IDS[0]), UUID(IDS[1]), None]),
        ("text", IDS),
        ("text", ["", "a", "a,b", '"', "\\", "{}", " x ", "null", "NULL", "☃", "a\nb", "'"]),
        ("text", ["ab,cd", "ef"]),
        ("text", ["-"]),
        ("text", ["member", "owner"]),
        ("text", ["member", "null"]),
        ("text", [None, "NULL"]),
        ("smallint", [0, -1, 32_767]),
        ("bigint", [2**62, None]),
        ("boolean", [True, False, None]),
        ("timestamptz", [NOON, None, datetime(1, 1, 1, tzinfo=UTC)]),
        ("timestamptz", [NOON, datetime(1, 1, 1, tzinfo=UTC)]),
        ("text", []),
    ],
)
def test_arrays_come_back_as_they_were(arrays, kind, values):
    sent = arrays.execute(f"SELECT (%s::{kind}[])::text[], %s::{kind}[]", [values, values])
    as_texts, back = sent.fetchone()
    assert [None if v is None else str(v) for v in back] == [
        None if v is None else str(v) for v in values
    ]
    assert len(as_texts) == len(values)


@pytest.mark.parametrize("values", [["a\0b"], ["a", "\0"], [b"bytes"], [[1]]])
def test_what_no_array_can_hold_is_refused_before_it_is_sent(arrays, values):
    with pytest.raises(psycopg.DataError):
        arrays.execute("SELECT %s::text[]", [values])
    assert arrays.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("values", [[], IDS[:1], IDS, [id_.replace("-", "") for id_ in IDS]])
def test_ids_come_back_as_they_were(arrays, values):
    (back,) = arrays.execute("SELECT %s::uuid[]", [Ids(values)]).fetchone()
    assert back == [UUID(value) for value in values]


@pytest.mark.parametrize("values", [["nobody"], [IDS[0], ""], [IDS[0] + "00"], ["", IDS[0] * 2]])
def test_what_is_no_id_is_refused_before_it_is_sent(arrays, values):
    with pytest.raises(psycopg.DataError):
        arrays.execute("SELECT %s::uuid[]", [Ids(values)])
    assert arrays.execute("SELECT 1").fetchone() == (1,)
