"""What counts as a word, and under which form it is indexed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomlog.search.languages import LANGUAGES, SIMPLE
from roomlog.search.lexemes import MAX_POSITION, stemmed, vector
from roomlog.search.words import MAX_WORD_CHARS, forms, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello, World", "hello world"),
        ("Ada's foo_bar state-of-the-art", "ada s foo bar state of the art"),
        ("https://example.com/a/b?x=1#top", "https example com a b x 1 top"),
        ("C++ and C# but not abc++", "c++ and c# but not abc"),
        ("Ångström café ﬁn \uff21\uff22\uff23 Straße", "angstrom cafe fin abc strasse"),
        ("e\u0301te\u0301 soft\u00adhyphen", "ete softhyphen"),
        ("Łódź smørrebrød œuvre", "lodz smorrebrod oeuvre"),
        ("Ещё Йод", "еще йод"),
        ("Άλφα ΟΔΟΣ", "αλφα οδοσ"),
        ("今天hello天气", "今 天 hello 天 气"),
        ("ｶﾞ カタ 학교", "ガ カ タ 학 교"),
        ("हिन्दी भाषा", "हिन्दी भाषा"),
        ("نَصّ עִבְרִית", "نص עברית"),
        ("👍🏽 ok 🎉🎉", "👍 ok 🎉 🎉"),
        ("x = a[1]; // '); DROP TABLE", "x a 1 drop table"),
        ("\x00\x07\t \u202e…!?", ""),
        ("", ""),
    ],
)
def test_words_of_a_text(text, found):
    assert " ".join(forms(text)) == found


@given(st.text())
def test_words_stand_where_they_say_in_order_and_apart(text):
    end = 0
    for word in words(text):
        assert end <= word.start < word.end <= len(text)
        end = word.end


@given(st.text())
def test_the_fast_way_gives_the_same(text):
    assert forms(text) == [word.form for word in words(text)]


@given(st.text(), st.sampled_from(LANGUAGES))
def test_no_word_can_end_its_quotes_or_pass_for_a_mark(text, language):
    for form in forms(text):
        assert form
        assert not set(form) & set("'\\/ \0\n")
        assert len(form) <= MAX_WORD_CHARS
        assert not set(stemmed(form, language)) & set("'\\ \0\n")


def test_a_word_is_found_however_its_accents_are_written():
    assert forms("cafe\u0301") == forms("caf\u00e9") == forms("CAFE")


def test_long_words_are_known_by_their_beginning():
    assert forms("x" * 1_000) == forms("x" * MAX_WORD_CHARS)


def test_what_is_indexed_of_a_message():
    assert vector("Go go: http://x.y", [], SIMPLE) == ("'/has/link' 'go':1,2 'http':3 'x':4 'y':5")
    assert vector("tests", ["my file.pdf"], "en") == (
        "'/has/file' 'tests':1 '/en/test':1 'my':12 'file':13 '/en/file':13 'pdf':14 '/en/pdf':14"
    )
    assert vector("", [], SIMPLE) == ""


def test_a_language_that_nobody_knows_has_no_stems():
    assert vector("running", [], "xx'") == vector("running", [], SIMPLE) == "'running':1"


def test_positions_end_where_those_of_a_tsvector_do():
    filled = "a " * (MAX_POSITION - 1)
    assert vector(f"{filled}b c", [], SIMPLE).endswith(f" 'b':{MAX_POSITION}")


def test_every_language_has_a_stemmer():
    assert all(stemmed("abcdef", language) for language in LANGUAGES if language != SIMPLE)
