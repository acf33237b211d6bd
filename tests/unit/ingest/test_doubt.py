"""Until when keys are in doubt."""

import pytest

from ingest.doubt import Mark

NOW = 1_000_000_000
UNTIL = NOW + 600_000


def test_a_server_that_is_the_same_has_all_keys():
    mark = Mark("a", NOW + 5)
    assert mark.renewed("a", False, NOW) is mark


@pytest.mark.parametrize("mark", [Mark("a", 0), Mark("a", NOW + 5), Mark("", 0)])
def test_another_run_of_it_may_have_lost_some(mark):
    assert mark.renewed("b", False, NOW) == Mark("b", UNTIL)


def test_what_was_written_without_keys_is_in_doubt():
    assert Mark("a", 0).renewed("a", True, NOW) == Mark("a", UNTIL)


@pytest.mark.parametrize("text", [None, b"", b"a", b"a b", b"\xff 1", b"a 1 2"])
def test_what_is_not_understood_is_of_no_server(text):
    assert Mark.parse(text) == Mark("", 0)


def test_a_mark_is_read_as_it_was_written():
    assert Mark.parse(str(Mark("a1b2", 2)).encode()) == Mark("a1b2", 2)
