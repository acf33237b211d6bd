"""Which nodes count as dead, and when a worker counts as stuck."""

from streams.sweep import FORGIVEN_S, Sweep
from streams.watchdog import BLIND_S, STUCK_S, Watchdog


def test_a_node_is_dead_when_its_lease_stays_away():
    sweep = Sweep()
    assert sweep.dead({"n1"}, 10.0) == set()
    assert sweep.dead({"n1"}, 11.0) == set()
    assert sweep.dead({"n1"}, 11.5) == {"n1"}


def test_a_lease_that_came_back_starts_over():
    sweep = Sweep()
    sweep.dead({"n1"}, 10.0)
    sweep.dead(set(), 11.0)
    assert sweep.dead({"n1"}, 12.0) == set()


def test_nobody_is_dead_right_after_an_outage_of_valkey():
    sweep = Sweep()
    sweep.dead({"n1"}, 10.0)
    sweep.unreachable(11.0)
    assert sweep.dead({"n1"}, 11.0 + FORGIVEN_S - 0.1) == set()
    back = 11.0 + FORGIVEN_S
    assert sweep.dead({"n1"}, back) == set()
    assert sweep.dead({"n1"}, back + 1.5) == {"n1"}


def test_work_that_waits_while_nothing_moves_is_stuck():
    dog = Watchdog(0.0)
    assert dog.stuck(5, 100, 1.0) is None
    assert dog.stuck(5, 100, STUCK_S) is None
    assert "5 records wait" in dog.stuck(5, 100, 1.0 + STUCK_S)


def test_no_work_or_any_progress_is_not_stuck():
    dog = Watchdog(0.0)
    assert dog.stuck(0, 0, STUCK_S * 2) is None
    assert dog.stuck(5, 0, STUCK_S * 3 - 1) is None
    assert dog.stuck(5, 1, STUCK_S * 3) is None
    assert dog.stuck(0, 1, STUCK_S * 4 - 1) is None


def test_an_unreachable_kafka_is_waited_for_but_not_for_ever():
    dog = Watchdog(0.0)
    dog.stuck(5, 0, 1.0)
    assert dog.stuck(None, 0, BLIND_S) is None
    assert "did not tell" in dog.stuck(None, 0, 1.0 + BLIND_S)
