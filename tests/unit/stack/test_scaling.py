"""`roomlog scale`: what it does for which wish, what it refuses, and how long a rebalance was."""

import pytest

from roomlog.stack.errors import StackError
from roomlog.stack.groups import Rebalances, View
from roomlog.stack.scaling import Change, Changed, plan, wanted
from tests.cli import roomlog

RUNNING = ["kafka", "kafka-2", "kafka-3", "kafka-4", "ingest-1", "ingest-2", "streams-1", "api"]


def acts(asked, running=RUNNING, controllers=3):
    return [(c.act, c.name) for c in plan(running, asked, controllers)]


def test_wishes_are_read():
    assert wanted(["ingest=6", "streams=3"]) == {"ingest": 6, "streams": 3}


@pytest.mark.parametrize(
    "argument", ["ingest", "ingest=", "ingest=x", "ingest=-1", "ingest=2.5", "="]
)
def test_what_is_no_number_is_refused(argument):
    with pytest.raises(StackError, match="say how many"):
        wanted([argument])


def test_a_kind_named_twice_is_refused():
    with pytest.raises(StackError, match="twice"):
        wanted(["ingest=2", "ingest=3"])


def test_more_are_numbered_on_and_gaps_are_filled():
    assert acts({"ingest": 4, "streams": 2}) == [
        *(("add", "ingest-3"), ("add", "ingest-4")),
        ("add", "streams-2"),
    ]
    assert acts({"ingest": 3}, ["ingest-1", "ingest-3"]) == [("add", "ingest-2")]


def test_the_newest_go_first():
    running = [f"ingest-{n}" for n in range(1, 12)]
    assert acts({"ingest": 9}, running) == [("remove", "ingest-11"), ("remove", "ingest-10")]


def test_so_many_as_there_are_is_nothing_to_do():
    assert acts({"ingest": 2, "kafka": 4}) == []


def test_brokers_come_and_go():
    assert acts({"kafka": 5}) == [("add", "kafka-5")]
    assert acts({"kafka": 3}) == [("remove", "kafka-4")]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"ingest": 0}, "at least one"),
        ({"ingest": 17}, "at most 16"),
        ({"projector": 25}, "at most 24, there are that many partitions"),
        ({"api": 2}, "a stack has one"),
        ({"webhooks": 2}, "a stack has one"),
        ({"postgres": 2}, "No service postgres"),
        ({"ingets": 2}, "No service ingets"),
        ({"kafka": 2}, "At least kafka=3"),
        ({"ingest": 3, "kafka": 1}, "At least kafka=3"),
    ],
)
def test_nonsense_is_refused(asked, why):
    with pytest.raises(StackError, match=why):
        acts(asked)


def test_brokers_of_others_are_not_scaled():
    with pytest.raises(StackError, match="no broker of its own"):
        acts({"kafka": 3}, ["ingest-1"])


def test_without_a_stack_it_says_how_to_start_one(tmp_path):
    ended = roomlog("scale", "ingest=3", "--data", tmp_path, check=False)
    assert ended.returncode == 1
    assert "roomlog up" in ended.stderr


def test_a_rebalance_lasts_from_the_last_stable_view_to_the_next():
    one, two = frozenset("a"), frozenset("ab")
    seen = Rebalances()
    for at, view in enumerate(
        [View(True, one), View(True, one), View(False, one), View(True, two)]
    ):
        seen.see(view, at)
    assert seen.took == 2
    seen.see(View(True, one), 5)  # a rebalance between two looks
    assert seen.took == 4


def test_what_was_done_is_told():
    assert Changed(Change("add", "ingest-3"), 1.25).told() == "ingest-3: ready after 1.2 s"
    told = Changed(Change("remove", "streams-2"), 0.5, 0.312).told()
    assert told == "streams-2: drained and gone after 0.5 s; partitions shared anew within 0.31 s"
