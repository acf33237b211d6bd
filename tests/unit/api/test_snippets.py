"""The part of a text that shows why it was found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.search_query import Match
from api.snippets import MAX_CHARS, snippet

LONG = " ".join(f"word{n}" for n in range(1_000))


def together(pieces):
    return "".join(f"[{p['text']}]" if p["match"] else p["text"] for p in pieces)


def test_a_short_text_is_shown_as_a_whole():
    assert together(snippet("so be it", [Match(3, 5)])) == "so [be] it"
    assert together(snippet("nothing", [])) == "nothing"
    assert snippet("", []) == []


def test_markup_stays_text():
    assert together(snippet("<b>x</b>", [Match(1, 2)])) == "<[b]>x</b>"


@pytest.mark.parametrize("word", ["word0", "word1", "word500", "word998", "word999"])
def test_of_a_long_text_the_part_around_the_first_match_is_shown(word):
    at = LONG.index(word)
    shown = together(snippet(LONG, [Match(at, at + len(word))]))
    assert f"[{word}]" in shown
    assert shown.startswith("…") == (word not in ("word0", "word1"))
    assert shown.endswith("…") == (word not in ("word998", "word999"))
    assert len(shown) <= MAX_CHARS + 4


@given(st.text(min_size=1), st.integers(1, 2_000), st.data())
def test_the_pieces_are_the_text(unit, times, data):
    text = (unit * times)[:9_000]
    start = data.draw(st.integers(0, len(text) - 1))
    match = Match(start, min(len(text), start + 5))
    pieces = snippet(text, [match])
    shown = "".join(p["text"] for p in pieces).removeprefix("…").removesuffix("…")
    assert shown.strip("…") in text
    assert [p["text"] for p in pieces if p["match"]] == [text[match.start : match.end]]
