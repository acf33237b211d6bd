"""From when to when keys are in doubt."""

import pytest

from ingest.doubt import NO_DOUBT, Mark, Span, renewed

NOW = 1_000_000_000
REACH = 120_000


def test_a_server_that_is_the_same_has_all_keys():
    mark = Mark("a", Span(NOW - 5, NOW + 5))
    assert renewed(mark, "a", None, NOW) is mark


@pytest.mark.parametrize("known", [Mark("a", NO_DOUBT), Mark("a", Span(5, 9)), Mark("", NO_DOUBT)])
def test_another_life_of_it_may_have_lost_some(known):
    assert renewed(known, "b", None, NOW) == Mark("b", Span(NOW - REACH, NOW + REACH))


def test_what_was_written_without_keys_is_in_doubt_from_the_beginning_of_that():
    away = NOW - 3_600_000
    assert renewed(Mark("a", NO_DOUBT), "a", away, NOW) == Mark(
        "a", Span(away - REACH, NOW + REACH)
    )


def test_an_older_doubt_that_lasts_is_kept():
    known = Mark("a", Span(NOW - 9_000_000, NOW + 1))
    assert renewed(known, "b", None, NOW).span == Span(NOW - 9_000_000, NOW + REACH)


@pytest.mark.parametrize("text", [None, b"", b"a 1", b"a b c", b"\xff 1 2", b"a 1 2 3"])
def test_what_is_not_understood_is_of_no_server(text):
    assert Mark.parse(text) == Mark("", NO_DOUBT)


def test_a_mark_is_read_as_it_was_written():
    mark = Mark("a1b2", Span(1, 2))
    assert Mark.parse(str(mark).encode()) == mark
