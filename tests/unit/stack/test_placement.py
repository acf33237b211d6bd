"""Partitions among brokers: as many copies as wanted, evenly, and nothing moves that need not."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from roomlog.stack.placement import Partition, changes


def spread_over(brokers, partitions=24, copies=3, topic="t"):
    """Return an even start: partition n on brokers n, n+1, ... of the list."""
    ids = list(brokers)
    return {
        Partition(topic, n): tuple(ids[(n + i) % len(ids)] for i in range(copies))
        for n in range(partitions)
    }


def copies_moved(now, moved):
    return sum(len(set(replicas) - set(now[p])) for p, replicas in moved.items())


def test_nothing_moves_where_all_is_even():
    now = spread_over([1, 2, 3])
    assert changes(now, [1, 2, 3], {"t": 3}) == {}


def test_a_new_broker_gets_its_share_and_no_more_moves():
    now = spread_over([1, 2, 3])
    moved = changes(now, [1, 2, 3, 4], {"t": 3})
    held = Counter(b for replicas in (now | moved).values() for b in replicas)
    assert held == {1: 18, 2: 18, 3: 18, 4: 18}
    assert copies_moved(now, moved) == 18


def test_what_a_broker_kept_goes_to_the_others():
    now = spread_over([1, 2, 3, 4])
    moved = changes(now, [1, 2, 3], {"t": 3})
    assert all(sorted(replicas) == [1, 2, 3] for replicas in (now | moved).values())
    assert copies_moved(now, moved) == 18


def test_one_copy_becomes_three_where_there_are_brokers_for_it():
    now = spread_over([1], copies=1)
    moved = changes(now, [1, 2, 3], {"t": 3})
    assert len(moved) == 24
    assert Counter(replicas[0] for replicas in moved.values()) == {1: 8, 2: 8, 3: 8}


@given(
    start=st.sets(st.integers(1, 9), min_size=1),
    end=st.sets(st.integers(1, 9), min_size=1),
    partitions=st.integers(1, 30),
    copies=st.integers(1, 3),
)
def test_every_broker_keeps_and_leads_about_as_many(start, end, partitions, copies):
    now = spread_over(sorted(start), partitions, min(copies, len(start)))
    after = now | changes(now, end, {"t": copies})
    held = Counter(dict.fromkeys(end, 0))
    held.update(b for replicas in after.values() for b in replicas)
    assert held.keys() == end
    assert max(held.values()) - min(held.values()) <= 1
    assert all(len(set(r)) == len(r) == min(copies, len(end)) for r in after.values())
    leads = Counter(replicas[0] for replicas in after.values())
    assert max(leads.values()) <= partitions // len(end) + 2
