"""When requests may reach a server, and when it is looked at again."""

import pytest

from api.breaker import Breaker, State


@pytest.fixture
def breaker():
    return Breaker(failures=2, shortest_s=0.25, longest_s=1.0)


def opened(breaker, now=0.0):
    breaker.failed(now)
    assert breaker.failed(now)
    return breaker


def test_one_failure_is_looked_into_at_once_and_refuses_nobody(breaker):
    assert not breaker.failed(1.0)
    assert breaker.is_closed
    assert breaker.is_suspicious
    assert not breaker.succeeded()  # it was never open
    assert not breaker.is_suspicious


def test_failures_count_in_a_row_only(breaker):
    for now in range(6):
        assert not breaker.failed(now)
        breaker.succeeded()
    assert breaker.is_closed


def test_the_second_in_a_row_opens_it_for_a_pause(breaker):
    opened(breaker, now=10.0)
    assert breaker.state is State.OPEN
    assert breaker.waits_s(10.0) == 0.25
    breaker.begin(10.1)
    assert breaker.state is State.OPEN
    breaker.begin(10.25)
    assert breaker.state is State.HALF_OPEN
    assert not breaker.is_closed  # the probe alone may pass


def test_a_probe_that_fails_opens_it_again_for_longer_and_tells_of_it_once(breaker):
    opened(breaker)
    waited, now = [], 0.0
    for _ in range(4):
        now += breaker.waits_s(now)
        breaker.begin(now)
        assert not breaker.failed(now)
        waited.append(breaker.waits_s(now))
    assert waited == [0.5, 1.0, 1.0, 1.0]
    assert breaker.waits_s(now + 60) == 0


def test_a_probe_that_is_answered_closes_it_and_the_next_outage_begins_anew(breaker):
    opened(breaker)
    breaker.begin(0.25)
    breaker.failed(0.25)
    breaker.begin(1.0)
    assert breaker.succeeded()
    assert breaker.is_closed
    opened(breaker, now=5.0)
    assert breaker.waits_s(5.0) == 0.25
