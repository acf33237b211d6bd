"""Words that a room refuses, masks or tells its moderators of. Pure.

Rules are words, not patterns: a text is taken apart as the search does it (`roomlog.search.words`), so that case,
accents and compatibility forms make no difference, and each run of its words is looked up in a dictionary. What that
costs grows with the text alone, whatever the rules are.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from roomlog.errors import ErrorCode, Refused
from roomlog.events import FilterAction
from roomlog.search.words import Word, words

MAX_FILTERS = 200
MAX_WORDS = 4
"""Words of one rule."""
_RANK: dict[FilterAction, int] = {"refuse": 0, "mask": 1, "flag": 2}

Filters = Mapping[str, FilterAction]
"""Indexed forms, with a space between two -> what becomes of messages that have them."""


class Screened(NamedTuple):
    """A text as it is to be stored, and the words of it that moderators want to know of."""

    text: str
    flagged: tuple[str, ...]


def rule_of(text: str) -> str:
    """Return the form under which a rule is kept; raises Refused for what is no word, or too many."""
    forms = [word.form for word in words(text)]
    if not 1 <= len(forms) <= MAX_WORDS:
        told = f"words: one to {MAX_WORDS} words, of letters, digits or emoji"
        raise Refused(ErrorCode.BAD_REQUEST, told)
    return " ".join(forms)


def screen(text: str, filters: Iterable[Filters]) -> Screened:
    """Return what becomes of a text; raises Refused where a rule refuses it."""
    found = list(words(text))
    flagged: dict[str, None] = {}
    masked: list[tuple[int, int]] = []
    for rules in filters:
        for rule, span in _hits(found, rules):
            action = rules[rule]
            if action == "refuse":
                told = f"text: this room takes no message with {text[slice(*span)][:64]!r}"
                raise Refused(ErrorCode.WORDS_REFUSED, told)
            if action == "mask":
                masked.append(span)
            else:
                flagged[rule] = None
    return Screened(_masked(text, masked), tuple(flagged))


def _hits(found: list[Word], rules: Filters) -> Iterable[tuple[str, tuple[int, int]]]:
    """Yield each rule that a text has, with where it stands; those that refuse first."""
    longest: dict[str, int] = {}
    for rule in rules:
        first, *rest = rule.split(" ")
        longest[first] = max(longest.get(first, 0), 1 + len(rest))
    hits = []
    for first_at, word in enumerate(found):
        if (most := longest.get(word.form)) is None:
            continue
        rule = ""
        for last in found[first_at : first_at + most]:
            rule = f"{rule} {last.form}" if rule else last.form
            if rule in rules:
                hits.append((rule, (word.start, last.end)))
    return sorted(hits, key=lambda hit: _RANK[rules[hit[0]]])


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    characters = list(text)
    for start, end in spans:
        for at in range(start, end):
            if not characters[at].isspace():
                characters[at] = "*"
    return "".join(characters) if spans else text
