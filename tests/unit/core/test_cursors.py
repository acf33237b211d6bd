import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomlog.cursors import BadCursor, Cursor, parse_cursor


@given(st.integers(0, 10**6), st.integers(-1, 2**63 - 1))
def test_round_trip(epoch, offset):
    assert parse_cursor(str(Cursor(epoch, offset))) == Cursor(epoch, offset)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "1:",
        ":5",
        "1:-2",
        "1:5:6",
        "a:5",
        "1:5 ",
        "1:+5",
        "1:٣",
        "1:" + "9" * 19,
        "1" * 41 + ":1",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(BadCursor, match="not a cursor"):
        parse_cursor(text)
