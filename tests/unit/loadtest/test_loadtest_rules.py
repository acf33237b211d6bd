import gzip
import json

import pytest

from loadtest.catalogue import SCENARIOS, Unknown, descriptions, scenario_file
from loadtest.corpus import CorpusError, read_corpus
from loadtest.criteria import complete, fast
from loadtest.evidence import Findings, Subscriber
from loadtest.knee import Step, is_over, knee
from loadtest.size import Size, SizeError, resized
from loadtest.verdict import Verdict, at_least, at_most
from roomlog.stack.spec import ROOT

CHAT = Size(users=50, rooms=5, messages=100, rate=5, p99_ms=500)


def steps(*p99s):
    return [Step(100 * n, 1_000.0 * n, p99) for n, p99 in enumerate(p99s, 1)]


def test_the_knee_is_the_last_step_before_the_latency_broke_for_good():
    measured = steps(10, 20, 90, 700, 2_000)

    assert is_over(measured, 500)
    assert knee(measured, 500) == measured[2]


def test_one_slow_step_is_an_accident():
    measured = steps(10, 700, 30, 40)

    assert not is_over(measured[:2], 500)
    assert not is_over(measured, 500)
    assert knee(measured, 500) == measured[3]


def test_where_nothing_comes_any_more_the_latency_is_broken():
    measured = steps(10, None, None)

    assert is_over(measured, 500)
    assert knee(measured, 500) == measured[0]


@pytest.mark.parametrize("measured", [[], steps(900), steps(900, None)])
def test_what_never_was_good_has_no_knee(measured):
    assert knee(measured, 500) is None


def test_a_criterion_says_what_was_measured_and_the_limit():
    assert str(at_most("p99", 12.3456, 500, "ms")) == "p99 12.3 ms, at most 500 ms"
    assert str(at_least("delivered", 249_999, 250_000)) == "delivered 249,999, at least 250,000"
    assert str(at_least("knee", None, 3)) == "knee not measured, at least 3"


@pytest.mark.parametrize(
    ("criterion", "met"),
    [
        (at_most("a", 5, 5), True),
        (at_most("a", 5.1, 5), False),
        (at_least("a", 5, 5), True),
        (at_least("a", 4, 5), False),
        (at_most("a", None, 5), False),
        (at_least("a", None, 0), False),
        (at_most("a", float("nan"), 5), False),
    ],
)
def test_limits_are_inclusive_and_what_was_not_measured_fails(criterion, met):
    assert criterion.met is met


def test_a_verdict_ends_with_one_line_that_says_it():
    good, bad = at_most("lost", 0, 0), at_most("lost", 3, 0)

    assert str(Verdict("x", [good])).splitlines() == [
        "  ok    lost 0, at most 0",
        "PASS x: 1 of 1 criteria met",
    ]
    assert str(Verdict("x", [good, bad])).splitlines()[-1] == "FAIL x: 1 of 2 criteria met"


def test_what_was_not_carried_out_has_not_passed():
    good = at_most("lost", 0, 0)

    assert not Verdict("x", []).passed
    assert not Verdict("x", [good], problems=["stopped before its end"]).passed
    assert Verdict("x", [good], notes=["slow machine"]).passed


def test_a_run_in_which_nothing_was_sent_is_not_complete():
    assert not all(c.met for c in complete(Findings(0, [], 0), {"sent": 0}))


def test_a_run_is_complete_if_all_that_was_sent_came_once_and_in_order():
    def met(acked=10, **changes):
        one = Subscriber(
            1, "r", **{"expected": 10, "lost": 0, "duplicates": 0, "gaps": 0, **changes}
        )
        return all(c.met for c in complete(Findings(acked, [one], 0), {"sent": 10}))

    assert met()
    assert not met(acked=9)
    assert not met(lost=1)
    assert not met(duplicates=1)
    assert not met(gaps=1)


def test_as_many_deliveries_as_were_known_beforehand_have_to_come():
    found = Findings(10, [Subscriber(1, "r", 10, 0, 0, 0)], 0)

    assert all(c.met for c in complete(found, {"sent": 10}, 10, 10))
    assert not all(c.met for c in complete(found, {"sent": 10}, 10, 20))


def test_latencies_have_the_limit_of_the_run():
    class Stats:
        def percentile(self, name, share):
            return {"ack": 499.0, "delivery": 501.0}.get(name)

    assert [c.met for c in fast(Stats(), CHAT, "ack", "delivery", "resume")] == [True, False, False]


def test_a_size_is_changed_where_something_was_given():
    given = {"users": 10, "rooms": None, "messages": "20", "rate": "", "seconds": None}

    assert resized(CHAT, given, "chat") == Size(10, 5, 20, 5, None, 500)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"seconds": 3}, "chat has no --seconds; it has --users, --rooms, --messages, --rate"),
        ({"users": 0}, "--users 0: it has to be more than 0"),
        ({"p99_ms": -1.0}, "--p99-ms -1"),
        ({"users": 4}, "5 rooms are too many for 4 users"),
        ({"messages": "many"}, "--messages many: not a number"),
        ({"messages": 2.5}, "--messages 2.5: not a whole number"),
        ({"rate": float("nan")}, "--rate nan"),
    ],
)
def test_a_size_that_makes_no_sense_is_refused(given, told):
    with pytest.raises(SizeError, match=told):
        resized(CHAT, given, "chat")


def test_the_corpus_is_the_demo_history_where_none_is_named():
    corpus = read_corpus()

    assert {"Alice", "Bob"} <= set(corpus.names)
    assert len(corpus.texts) > 100
    assert corpus.name(0) == corpus.name(len(corpus.names))


def test_real_logs_have_names_and_texts(irc):
    corpus = read_corpus(irc)

    assert len(corpus.names) > 100
    assert all(0 < len(text) <= 1_000 and "\0" not in text for text in corpus.texts)


def test_logs_may_be_compressed_and_need_nothing_but_sender_and_text(tmp_path):
    lines = [{"sender": "ada", "text": "hi"}, {"sender": "bo", "text": " "}]
    with gzip.open(tmp_path / "a.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "notes.txt").write_text("no log")

    assert read_corpus(tmp_path) == (["ada"], ["hi"])


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl", "", "no texts"),
        ("a.jsonl", "[1]\n", "line 1"),
        ("a.jsonl", '{"sender": "x"}\n', "line 1"),
        ("a.jsonl", "not json\n", "line 1"),
        ("a.jsonl.gz", "not gzip\n", "cannot be read"),
        ("a.txt", "hello\n", "no texts"),
    ],
)
def test_a_log_that_is_none_is_refused(tmp_path, name, content, told):
    (tmp_path / name).write_text(content)

    with pytest.raises(CorpusError, match=told):
        read_corpus(tmp_path / name)


def test_a_log_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="does not exist"):
        read_corpus(tmp_path / "nowhere")


def test_a_scenario_is_found_by_name_or_path(tmp_path):
    own = tmp_path / "mine.py"
    own.write_text("")

    assert scenario_file("extreme") == SCENARIOS / "extreme.py"
    assert scenario_file(str(own)) == own


@pytest.mark.parametrize("name", ["extrem", "", "__init__", "../extreme", "nowhere.py", "Makefile"])
def test_an_unknown_scenario_is_refused_with_those_that_there_are(name):
    with pytest.raises(Unknown, match="extreme"):
        scenario_file(name)


def test_every_scenario_is_described_in_its_file_and_in_the_documentation():
    page = (ROOT / "docs" / "loadtest.md").read_text()

    for name, told in descriptions().items():
        assert told.endswith(".")
        assert f"`{name}`" in page
