"""What clients may send: JSON that every reader reads the same, texts that can be stored and shown."""

import pytest
from pydantic import TypeAdapter, ValidationError

from api.problems import Problem
from api.strict import Line, read_json, storable


def test_json_is_read() -> None:
    assert read_json(b'{"a": [1, 2.5, "x", null, true]}') == {"a": [1, 2.5, "x", None, True]}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b"9007199254740992",
        b"-9007199254740992",
        b"1" * 5000,
        b"[" * 10_000,
        b'{"a":' * 10_000,
        b'"\xff"',
        b"{}x",
    ],
)
def test_ambiguous_json_is_refused(text: bytes) -> None:
    with pytest.raises(Problem) as refused:
        read_json(text)
    assert refused.value.status == 400


def test_the_largest_exact_integer_is_taken() -> None:
    assert read_json(b"9007199254740991") == 2**53 - 1


@pytest.mark.parametrize(
    "text", ["a\0b", "a\nb", "\x1b[31m", "a\x7f", "a\x85b", "a\ud800b", "  ", ""]
)
def test_lines_have_no_controls(text: str) -> None:
    with pytest.raises((ValidationError, UnicodeEncodeError)):
        TypeAdapter(Line).validate_python(text)


@pytest.mark.parametrize(
    ("text", "kept"), [(" Ada ", "Ada"), ("Zoë 🎉", "Zoë 🎉"), ("a\u200db", "a\u200db")]
)
def test_lines_are_kept(text: str, kept: str) -> None:
    assert TypeAdapter(Line).validate_python(text) == kept


def test_what_cannot_be_stored_is_refused() -> None:
    assert storable("a\nb 🎉") == "a\nb 🎉"
    for text in ("a\0", "\ud800"):
        with pytest.raises(ValueError, match=r"U\+0000"):
            storable(text)
