"""How old a replica is, and when it may be read."""

import pytest

from api.replica import Following, Standing


@pytest.fixture
def following():
    """A replica that has caught up with position 100 of cluster 7; at most 2 s behind."""
    following = Following(limit_s=2.0)
    primary(following, 100, now=0.0)
    replica(following, 100)
    return following


def primary(following, position, now, system=7):
    following.wrote(Standing(system, replays=False, position=position), now)


def replica(following, position, system=7, replays=True):
    following.replayed(Standing(system, replays, position))


def test_it_is_as_old_as_the_last_that_it_has_replayed_while_there_is_more(following):
    assert following.lag_s(5.0) == 0  # nothing was written since
    primary(following, 100, now=5.0)
    primary(following, 110, now=5.5)
    primary(following, 120, now=6.0)
    assert following.lag_s(6.5) == 1.5
    replica(following, 115)
    assert following.lag_s(6.5) == 1.0
    replica(following, 120)
    assert following.lag_s(60.0) == 0


def test_it_is_read_up_to_the_limit(following):
    primary(following, 110, now=1.0)
    assert following.why_not(2.0) is None
    assert following.why_not(2.1) == "lagging"
    replica(following, 110)
    assert following.why_not(2.1) is None


def test_nobody_reads_it_before_it_is_known_how_old_it_is():
    following = Following(limit_s=2.0)
    assert following.why_not(0.0) == "not seen yet"
    replica(following, 40)
    assert following.why_not(0.0) == "not seen yet"
    primary(following, 100, now=0.0)
    assert following.why_not(0.1) == "lagging"  # for hours, for all we know
    primary(following, 200, now=1.0)
    replica(following, 100)
    assert following.why_not(1.0) is None


@pytest.mark.parametrize("other", [{"system": 8}, {"replays": False}])
def test_another_cluster_or_a_server_that_takes_writes_is_no_replica(following, other):
    replica(following, 500, **other)
    assert following.why_not(0.1) == "no replica of the primary"


def test_another_primary_is_followed_from_its_own_beginning(following):
    primary(following, 10, now=1.0, system=8)
    assert following.why_not(1.0) == "no replica of the primary"
    replica(following, 5, system=8)
    assert following.why_not(1.0) == "lagging"
    replica(following, 10, system=8)
    assert following.why_not(1.0) is None


def test_a_standby_in_the_place_of_the_primary_says_nothing_of_what_was_written(following):
    following.wrote(Standing(7, replays=True, position=90), 1.0)
    assert following.lag_s(50.0) == 0


def test_a_replica_that_stands_still_for_long_takes_no_memory_and_stays_as_old_as_it_is(following):
    for n in range(100_000):
        primary(following, 101 + n, now=n / 4)
    assert len(following._samples) <= 256
    assert following.lag_s(25_000.0) == 25_000
    replica(following, 60_000)
    assert following.lag_s(25_000.0) >= 10_000  # never younger than it is
