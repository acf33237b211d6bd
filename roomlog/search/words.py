"""A text into words: where each stands, and the form under which it is indexed and looked up. Pure.

PostgreSQL's own parser takes `example.com/a-b` for one word, a line of Chinese for another, and drops emoji.
Here a word is a run of letters and digits; in scripts that put no space between words, and of emoji, each
character is one, so that a search for some of them becomes a phrase. Letters lose their case, their
compatibility forms and, in Latin and Greek, their accents.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

MAX_WORD_CHARS = 64
"""A longer word (a hash, a key) is known by its beginning."""

_LATIN_AND_GREEK = "\u0400"
# Letters that Unicode does not take apart, and Russian's, which most texts write without its dots.
_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h"}
    | {"\u0131": "i", "\u0451": "\u0435"}
)


def _ranges(*ranges: tuple[int, int]) -> str:
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


def _marks() -> str:
    """Return what belongs to the letter before it: combining marks, and characters that do not show."""
    combining = (chr(c) for c in range(0x300, 0x20000) if unicodedata.category(chr(c))[0] == "M")
    return "".join((*combining, "\u00ad\u200c\u200d", "\uff9e\uff9f"))


_MARKS = _marks()
# Thai, Lao and Tibetan; Burmese; Hangul; Khmer; kana and the like; Chinese; halfwidth kana and Hangul.
_SPACELESS = _ranges(
    (0x0E00, 0x0FFF),
    (0x1000, 0x109F),
    (0x1100, 0x11FF),
    (0x1780, 0x17FF),
    (0x3005, 0x3007),
    (0x3040, 0x31FF),
    (0x3400, 0x9FFF),
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFFDC),
    (0x20000, 0x3FFFF),
)
_EMOJI = _ranges(
    (0x2190, 0x21FF),
    (0x2300, 0x23FF),
    (0x2600, 0x27BF),
    (0x2B00, 0x2BFF),
    (0x1F000, 0x1F3FA),
    (0x1F400, 0x1FAFF),
)
# C++ and C#: a letter alone, with a sign that belongs to it.
_WORD = re.compile(
    rf"[^\W\d_](?:\+\+|#)(?![\w#+])|[^\W_](?:[^\W_]|[{_MARKS}])*|[{_EMOJI}]",
)
# Hebrew and Arabic, where most texts leave them out.
_VOWELS = re.compile("[\u0591-\u05c7\u064b-\u065f\u0670]")
_ASCII_WORD = re.compile(r"[a-z](?:\+\+|#)(?![\w#+])|[a-z0-9]+")
_PART = re.compile(rf"[{_SPACELESS}][{_MARKS}]*|[^{_SPACELESS}]+")


class Word(NamedTuple):
    """A word of a text: where it stands (characters), and its indexed form."""

    start: int
    end: int
    form: str


def words(text: str) -> Iterator[Word]:
    """Yield the words of a text."""
    for match in _WORD.finditer(text):
        found = match[0]
        if found.isascii():
            yield Word(match.start(), match.end(), found[:MAX_WORD_CHARS].lower())
            continue
        if not found[0].isalnum():
            yield Word(match.start(), match.end(), found)
            continue
        for part in _PART.finditer(found):
            if form := folded(part[0]):
                yield Word(match.start() + part.start(), match.start() + part.end(), form)


@lru_cache(maxsize=65_536)
def folded(word: str) -> str:
    """Return the form under which a word is indexed; "" where nothing of it counts."""
    kept, base = [], ""
    for character in unicodedata.normalize("NFKD", word).casefold():
        kind = unicodedata.category(character)[0]
        if kind == "M":
            if base < _LATIN_AND_GREEK or _VOWELS.match(character):
                continue
        elif kind in "LN":
            base = character
        else:
            continue
        kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept)).translate(_LETTERS)[:MAX_WORD_CHARS]


def forms(text: str) -> list[str]:
    """Return the forms of a text's words, in order: what `words` gives, faster."""
    if text.isascii():
        return [form[:MAX_WORD_CHARS] for form in _ASCII_WORD.findall(text.lower())]
    found: list[str] = []
    for run in _WORD.findall(text):
        if run.isascii():
            found.append(run[:MAX_WORD_CHARS].lower())
        elif not run[0].isalnum():
            found.append(run)
        else:
            found += filter(None, map(folded, _PART.findall(run)))
    return found
