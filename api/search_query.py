"""What somebody types into a search box: words, "phrases", prefixes*, -not, OR, and filters such as from:. Pure.

Nothing typed is a syntax error: a quote that is not closed ends with the text, an OR without two sides is none.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from roomlog.search.lexemes import HAS, stemmed
from roomlog.search.words import forms, words

MAX_CHARS = 1_000
MAX_TERMS = 32
MAX_FORMS = 200
FilterName = Literal["from", "in", "has", "since", "until", "before", "after", "on"]

_PART = re.compile(
    r"""(?P<minus>-)?(?:
        (?P<filter>from|in|has|since|until|before|after|on):(?:"(?P<quoted>[^"]*)"?|(?P<value>[^\s"]+))
        |"(?P<phrase>[^"]*)"?
        |(?P<word>[^\s"]+)
    )""",
    re.VERBOSE | re.IGNORECASE,
)


class BadQuery(ValueError):
    """A query that cannot be carried out; the message says what to do."""


class Term(NamedTuple):
    """A word or several in a row; `exact` ones are not taken for others with their stem."""

    forms: tuple[str, ...]
    is_prefix: bool = False
    is_exact: bool = False
    is_negated: bool = False


class Filter(NamedTuple):
    """A filter that stood among the words."""

    name: FilterName
    value: str
    is_negated: bool = False


class Query(NamedTuple):
    """What is looked for: of every group at least one term, and all filters."""

    groups: tuple[tuple[Term, ...], ...] = ()
    filters: tuple[Filter, ...] = ()


def parse(text: str) -> Query:
    """Return what a text asks for; raises BadQuery for one that asks for too much."""
    groups: list[list[Term]] = []
    filters: list[Filter] = []
    joins = False
    for part in _PART.finditer(text):
        if part["filter"]:
            value = (part["quoted"] if part["value"] is None else part["value"]).strip()
            if value:
                name = part["filter"].lower()
                filters.append(Filter(name, value, bool(part["minus"])))  # type: ignore[arg-type]
            continue
        if part["word"] in ("OR", "|") and not part["minus"]:
            joins = bool(groups)
            continue
        term = _term(part)
        if term is None:
            continue
        if joins:
            groups[-1].append(term)
        else:
            groups.append([term])
        joins = False
    _require_few([t for group in groups for t in group], filters)
    return Query(tuple(map(tuple, groups)), tuple(filters))


def _term(part: re.Match[str]) -> Term | None:
    phrase, is_negated = part["phrase"], bool(part["minus"])
    found = tuple(forms(part["word"] if phrase is None else phrase))
    if not found:
        return None
    is_prefix = phrase is None and part["word"].endswith("*")
    return Term(found, is_prefix, phrase is not None, is_negated)


def _require_few(terms: list[Term], filters: list[Filter]) -> None:
    if len(terms) > MAX_TERMS or sum(len(t.forms) for t in terms) > MAX_FORMS:
        raise BadQuery(f"more than {MAX_TERMS} words or phrases; search for fewer")
    if len(filters) > MAX_TERMS:
        raise BadQuery(f"more than {MAX_TERMS} filters; use fewer")


def tsquery(
    query: Query, languages: Iterable[str], has: Iterable[tuple[str, bool]] = ()
) -> str | None:
    """Return a query as a `tsquery` literal over rooms of these languages; None where it names no word.

    `has` are values of `has:` filters, each with whether it is negated.
    """
    spoken = sorted(set(languages))
    groups = [" | ".join(_rendered(term, spoken) for term in group) for group in query.groups]
    groups += [f"{'!' if negated else ''}{_quoted(HAS[what])}" for what, negated in has]
    return " & ".join(f"({group})" for group in groups) or None


def _rendered(term: Term, languages: list[str]) -> str:
    *firsts, last = term.forms
    parts = [_quoted(form) for form in firsts]
    parts.append(_quoted(last) + (":*" if term.is_prefix else ""))
    if not firsts and not term.is_prefix and not term.is_exact:
        parts = [" | ".join([*parts, *map(_quoted, _stems(last, languages))])]
    return f"{'!' if term.is_negated else ''}({' <-> '.join(parts)})"


def _stems(form: str, languages: list[str]) -> Iterator[str]:
    return filter(None, (stemmed(form, language) for language in languages))


def _quoted(lexeme: str) -> str:
    return f"'{lexeme}'"


class Match(NamedTuple):
    """A part of a text that was looked for (characters)."""

    start: int
    end: int


def matches(query: Query, text: str, language: str) -> list[Match]:
    """Return the parts of a text that the query looks for, in order and apart from each other."""
    found = list(words(text))
    hits: set[int] = set()
    for term in {t for group in query.groups for t in group if not t.is_negated}:
        length = len(term.forms)
        for first in range(len(found) - length + 1):
            if _stands_at(term, [w.form for w in found[first : first + length]], language):
                hits.update(range(first, first + length))
    merged: list[Match] = []
    for place in sorted(hits):
        word = found[place]
        if (
            merged and merged[-1].end == word.start
        ):  # characters of one word, in Chinese and the like
            merged[-1] = Match(merged[-1].start, word.end)
        else:
            merged.append(Match(word.start, word.end))
    return merged


def _stands_at(term: Term, there: list[str], language: str) -> bool:
    *firsts, last = term.forms
    if there[:-1] != firsts:
        return False
    if term.is_prefix:
        return there[-1].startswith(last)
    if there[-1] == last:
        return True
    if firsts or term.is_exact:
        return False
    stem = stemmed(last, language)
    return bool(stem) and stem == stemmed(there[-1], language)
