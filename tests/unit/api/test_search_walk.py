"""Which rows a search reads, compared with one that reads them all."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.paging import SearchPlace, read_search_place, write_search_place
from api.problems import Problem
from api.search_walk import FIRST_ROWS, MAX_OFFSET, Hit, Place, Walk
from roomlog.ids import new_id

START = datetime(2026, 1, 1, tzinfo=UTC)
ROOMS = ("a", "b", "c")


def place(minute, room="a", offset=0):
    return Place(START + timedelta(minutes=minute), room, offset)


def in_order(places):
    return sorted(places, key=lambda p: (-p.sent_at.timestamp(), p.room, -p.offset))


def found_by_walking(log, is_hit, wanted, start):
    """Do as the two statements do, on a list of places; return the hits and whether the index was asked."""
    by_room = {r: in_order(p for p in log if p.room == r) for r in ROOMS}
    walk = Walk({r: start.in_room(r) for r in ROOMS}, wanted, len(log))
    while walk.open and (each := walk.each()):
        read, hits = {}, []
        for room, at in walk.open.items():
            rows = [p for p in by_room[room] if at.is_before(p)][:each]
            hits += [Hit(p) for p in rows if is_hit(p)]
            if len(rows) == each:
                read[room] = rows[-1]
        walk.take(read, each * len(walk.open), hits)
    if by_index := bool(walk.open):
        rest = [p for r, at in walk.open.items() for p in by_room[r] if at.is_before(p)]
        walk.take({}, 0, [Hit(p) for p in rest if is_hit(p)])
    return [hit.place for hit in walk.hits], by_index


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**9), st.sampled_from([0.0, 0.001, 0.02, 0.5, 1.0]), st.integers(1, 40))
def test_it_finds_the_first_hits_whatever_it_reads(seed, share, wanted):
    chance = random.Random(seed)
    log = [place(chance.randrange(300), chance.choice("aaaab"), n) for n in range(3_000)]
    hits = {p for p in log if chance.random() < share}
    start = chance.choice([place(10**6, "", MAX_OFFSET), *in_order(hits)[:5]])
    expected = [p for p in in_order(hits) if start.is_before(p)][:wanted]
    found, _ = found_by_walking(log, hits.__contains__, wanted, start)
    assert found == expected


def test_common_words_are_found_without_the_index_and_rare_ones_with_it():
    log = [place(n, ROOMS[n % 3], n) for n in range(100_000)]
    newest = place(10**6)
    assert not found_by_walking(log, lambda p: p.offset % 10 == 0, 21, newest)[1]
    assert found_by_walking(log, lambda p: p.offset % 50_000 == 0, 21, newest)[1]
    assert found_by_walking(log, lambda p: False, 21, newest)[1]


def test_a_room_is_read_no_further_than_what_is_wanted():
    walk = Walk({"a": place(100), "b": place(100, "b")}, 1, 10_000)
    assert walk.each() == FIRST_ROWS // 2
    walk.take({"a": place(50), "b": place(80, "b")}, FIRST_ROWS, [Hit(place(70))])
    assert walk.open == {"b": place(80, "b")}


def test_a_place_of_a_search_comes_back_as_it_was():
    room = new_id()
    last = Hit(Place(START + timedelta(microseconds=1), room, 7), 0.1)
    assert read_search_place(write_search_place(last, last.place)) == SearchPlace(last, last.place)
    assert read_search_place(write_search_place(Hit(last.place), None)).top is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "e30", "W10", "W1sxLCJhIiwxXSxudWxsLG51bGxd"),
        write_search_place(Hit(Place(START, new_id(), MAX_OFFSET + 1)), None),
        write_search_place(Hit(Place(START, "a' OR 1=1", 1)), None),
    ],
)
def test_a_made_up_place_is_refused(text):
    with pytest.raises(Problem):
        read_search_place(text)
