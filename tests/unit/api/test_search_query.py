"""What a search text asks for, as a tsquery and as marks in a text."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.search_dates import BEGINNING, END, Span, span
from api.search_query import MAX_TERMS, BadQuery, Filter, matches, parse, tsquery

NOW = datetime(2026, 3, 15, 10, 30, tzinfo=UTC)


def asked(text, *languages):
    return tsquery(parse(text), languages)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("hello", "(('hello'))"),
        ("Hello  World", "(('hello')) & (('world'))"),
        ('"went wrong"', "(('went' <-> 'wrong'))"),
        ('"went wrong', "(('went' <-> 'wrong'))"),
        ("wor*", "(('wor':*))"),
        ("foo-bar*", "(('foo' <-> 'bar':*))"),
        ("a OR b c", "(('a') | ('b')) & (('c'))"),
        ("a | b", "(('a') | ('b'))"),
        ("-a", "(!('a'))"),
        ('a -"b c"', "(('a')) & (!('b' <-> 'c'))"),
        ("OR a OR", "(('a'))"),
        ("a OR OR b", "(('a') | ('b'))"),
        ("a or b", "(('a')) & (('or')) & (('b'))"),
        ("example.com/x", "(('example' <-> 'com' <-> 'x'))"),
        ("天气", "(('天' <-> '气'))"),
        ("🎉", "(('🎉'))"),
        ("it's", "(('it' <-> 's'))"),
        ("a & !b | (c <-> d)", "(('a')) & (('b') | ('c')) & (('d'))"),
        ("'; DROP TABLE x; --", "(('drop')) & (('table')) & (('x'))"),
        ("foo:bar", "(('foo' <-> 'bar'))"),
        ("from: a", "(('from')) & (('a'))"),
        ("", None),
        (' - * "" !? ( ) & | : \\ \' OR', None),
    ],
)
def test_words_phrases_prefixes_negation_and_or(text, query):
    assert asked(text) == query


def test_a_word_stands_for_others_with_its_stem_where_rooms_have_a_language():
    assert asked("running", "en", "simple") == "(('running' | '/en/run'))"
    assert asked("running", "de", "en") == "(('running' | '/de/running' | '/en/run'))"
    assert asked('"running" run*', "en") == "(('running')) & (('run':*))"
    assert asked("go", "en") == "(('go'))"


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("from:ada", [Filter("from", "ada")]),
        ('From:"Ada Lovelace" x', [Filter("from", "Ada Lovelace")]),
        ("-from:@ada in:#general", [Filter("from", "@ada", True), Filter("in", "#general")]),
        ("has:link since:2026-01", [Filter("has", "link"), Filter("since", "2026-01")]),
        ('from:"" in:', []),
        ("xfrom:ada", []),
        ('"from:ada"', []),
    ],
)
def test_filters_stand_among_the_words(text, filters):
    assert list(parse(text).filters) == filters


def test_what_a_message_has_is_asked_of_the_index():
    assert tsquery(parse("a"), [], [("link", False), ("file", True)]) == (
        "(('a')) & ('/has/link') & (!'/has/file')"
    )


def test_too_much_is_refused_with_what_to_do():
    parse(" ".join(["a"] * MAX_TERMS))
    for text in (" ".join(["a"] * (MAX_TERMS + 1)), "天" * 900, "in:a " * (MAX_TERMS + 1)):
        with pytest.raises(BadQuery, match="fewer"):
            parse(text)


@given(st.text())
def test_nothing_typed_is_a_syntax_error(text):
    try:
        query = tsquery(parse(text), ["en", "simple"])
    except BadQuery:
        return
    assert query is None or query.count("'") % 2 == 0


@pytest.mark.parametrize(
    ("query", "text", "language", "shown"),
    [
        ("hello", "Hello, hello Helloes", "simple", "[Hello], [hello] Helloes"),
        ("run", "running runs", "en", "[running] [runs]"),
        ('"run"', "running run", "en", "running [run]"),
        ("wor*", "World work sword", "simple", "[World] [work] sword"),
        ('"went wrong"', "went, wrong wrong went", "simple", "[went], [wrong] wrong went"),
        ("a -b", "a b", "simple", "[a] b"),
        ("天气", "今天天气很好", "simple", "今天[天气]很好"),
        ("cafe", "Café", "simple", "[Café]"),
        ("🎉", "so 🎉!", "simple", "so [🎉]!"),
        ("<b>", "<b>x</b>", "simple", "<[b]>x</[b]>"),
        ("nothing", "else", "simple", "else"),
    ],
)
def test_what_is_marked_in_a_text(query, text, language, shown):
    marked, at = "", 0
    for match in matches(parse(query), text, language):
        marked += text[at : match.start] + "[" + text[match.start : match.end] + "]"
        at = match.end
    assert marked + text[at:] == shown


@given(st.text(), st.text())
def test_marks_are_in_order_and_apart(query, text):
    try:
        found = matches(parse(query), text, "en")
    except BadQuery:
        return
    ends = [0]
    for match in found:
        assert ends[-1] <= match.start < match.end <= len(text)
        ends.append(match.end)


def day(*date):
    return datetime(*date, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("since", "2026-01-31", Span(day(2026, 1, 31), END)),
        ("after", "2026-01-31", Span(day(2026, 2, 1), END)),
        ("until", "2026-01-31", Span(BEGINNING, day(2026, 2, 1))),
        ("before", "2026-01-31", Span(BEGINNING, day(2026, 1, 31))),
        ("on", "2026-01-31", Span(day(2026, 1, 31), day(2026, 2, 1))),
        ("on", "2026-12", Span(day(2026, 12, 1), day(2027, 1, 1))),
        ("on", "2026", Span(day(2026, 1, 1), day(2027, 1, 1))),
        ("on", "Today", Span(day(2026, 3, 15), day(2026, 3, 16))),
        ("on", "yesterday", Span(day(2026, 3, 14), day(2026, 3, 15))),
        ("since", "2026-01-31T12:00:00+02:00", Span(day(2026, 1, 31, 10), END)),
        ("until", "2026-01-31T12:00:00Z", Span(BEGINNING, day(2026, 1, 31, 12))),
    ],
)
def test_times(name, text, found):
    assert span(name, text, NOW) == found


@pytest.mark.parametrize("text", ["", "x", "2026-13", "2026-02-30", "0000", "9999", "1e9", "now()"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(BadQuery, match=r"since: .* is no time"):
        span("since", text, NOW)
