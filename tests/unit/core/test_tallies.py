"""Plain numbers look to Prometheus exactly like its own client's."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from roomlog.tallies import Spread, Tally

BOUNDS = (0.125, 0.25, 1, 10)


def shown(registry):
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if "_created" not in line]


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 0.125, 0.1875, 0.25, 1, 7.5, 10, 11]), st.integers(0, 3))
    )
)
def test_a_spread_is_a_histogram(values):
    mine, theirs = CollectorRegistry(), CollectorRegistry()
    spread = Spread("x_seconds", "X", BOUNDS, mine)
    histogram = Histogram("x_seconds", "X", buckets=BOUNDS, registry=theirs)
    for value, times in values:
        spread.add(value, times)
        for _ in range(times):
            histogram.observe(value)
    assert shown(mine) == shown(theirs)


def test_a_tally_is_a_counter():
    mine, theirs = CollectorRegistry(), CollectorRegistry()
    Tally("x_total", "X", mine).total += 3
    Counter("x_total", "X", registry=theirs).inc(3)
    assert shown(mine) == shown(theirs)
