"""What the index holds of a message, and what a query may ask it for: `tsvector` lexemes. Pure.

A word is there as it is written (`words.forms`). In a room that says in which language it speaks, its stem is
there as well, marked with the language, so that one query asks rooms of all languages at once. A message that
holds a link or a file has a lexeme that says so; no word has a slash in it.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache

import Stemmer

from roomlog.search.languages import LANGUAGES, SIMPLE
from roomlog.search.words import forms

HAS = {"link": "/has/link", "file": "/has/file"}
"""What a query can ask for with `has:`."""

MAX_POSITION = 16_383
"""The largest position of a word that a `tsvector` keeps."""
_FILE_GAP = 10
_SHORTEST_STEMMED = 3
_STEMMED = frozenset(LANGUAGES) - {SIMPLE}
_LINK = re.compile(r"\bhttps?://[^\s]", re.IGNORECASE)


def vector(text: str, files: Iterable[str], language: str) -> str:
    """Return a message as a `tsvector` literal; `files` are the names of what is attached.

    A language that is none of LANGUAGES counts as SIMPLE.
    """
    found = forms(text)
    places: dict[str, str] = {}
    has_stems = language in _STEMMED
    if "://" in text and _LINK.search(text):
        places[HAS["link"]] = ""
    for file in files:
        places[HAS["file"]] = ""
        found += [""] * _FILE_GAP + forms(file)  # a phrase does not go from the text into a name
    for position, form in enumerate(found[:MAX_POSITION], 1):
        if form:
            _add(places, form, position)
            if has_stems and (stem := stemmed(form, language)):
                _add(places, stem, position)
    return " ".join([f"'{lexeme}'{at}" for lexeme, at in places.items()])


def _add(places: dict[str, str], lexeme: str, position: int) -> None:
    # Of more than 256 positions PostgreSQL keeps the first ones.
    places[lexeme] = f"{places[lexeme]},{position}" if lexeme in places else f":{position}"


@lru_cache(maxsize=65_536)
def stemmed(form: str, language: str) -> str:
    """Return the lexeme of a word's stem; "" where the word is too short for one, or the language has none."""
    if len(form) < _SHORTEST_STEMMED or language not in _STEMMED:
        return ""
    return f"/{language}/{_stemmer(language).stemWord(form)}"


@cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(language)
