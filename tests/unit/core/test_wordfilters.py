"""Words that rooms refuse, mask or flag: found whatever their case and accents, at a cost that texts alone set."""

import pytest

from roomlog.errors import ErrorCode, Refused
from roomlog.wordfilters import MAX_FILTERS, MAX_WORDS, Screened, rule_of, screen


@pytest.mark.parametrize(
    ("text", "rule"),
    [("Rüde", "rude"), ("  Very-BAD ", "very bad"), ("ЁЖ", "еж"), ("😀", "😀"), ("c++", "c++")],
)
def test_a_rule_is_kept_as_the_search_compares_words(text, rule):
    assert rule_of(text) == rule


@pytest.mark.parametrize("text", ["", "...", "a b c d e", "\u0301"])
def test_what_is_no_word_is_no_rule(text):
    with pytest.raises(Refused) as told:
        rule_of(text)
    assert told.value.code is ErrorCode.BAD_REQUEST


def test_words_are_masked_where_they_stand_and_nothing_else():
    rules = {"rude": "mask", "very bad": "mask"}
    found = screen("RÜDE, rudely; very\n bad and very", [rules])
    assert found == Screened("****, rudely; ****\n *** and very", ())


def test_a_refusal_goes_before_everything_else():
    rules = {"flag": "flag", "no": "refuse"}
    with pytest.raises(Refused) as told:
        screen("flag, but no", [rules])
    assert told.value.code is ErrorCode.WORDS_REFUSED
    assert "'no'" in told.value.message


def test_the_rules_of_room_and_workspace_hold_together():
    found = screen("a flag and a word", [{"flag": "flag"}, {"word": "mask", "a": "flag"}])
    assert found == Screened("a flag and a ****", ("flag", "a"))
    assert screen("nothing of it", [{}, {"word": "mask"}]).text == "nothing of it"


class Counting(dict):
    """Rules that count how often one is looked up."""

    looked_up = 0

    def __contains__(self, rule):
        self.looked_up += 1
        return super().__contains__(rule)


def test_the_longest_text_with_the_most_rules_costs_what_its_words_do():
    rules = Counting.fromkeys((f"a {'b ' * (n % 3)}c{n}" for n in range(MAX_FILTERS)), "mask")
    assert screen("a b " * 2_000, [rules]).text == "a b " * 2_000
    assert 2_000 <= rules.looked_up <= 2_000 * MAX_WORDS  # "b" begins no rule
