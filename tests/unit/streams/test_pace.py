"""How often a worker fetches: the less, the less anybody waits for it."""

import pytest

from streams.coalesce import CALM_PACE_S, LONGEST_PACE_S, SHORTEST_PACE_S, pace_s


@pytest.mark.parametrize(
    ("records_per_s", "hurried", "seconds"),
    [
        (0, True, SHORTEST_PACE_S),
        (3_000, True, SHORTEST_PACE_S),
        (6_000, True, 0.006),
        (1_000_000, True, LONGEST_PACE_S),
        (0, False, CALM_PACE_S),
        (4_000, False, CALM_PACE_S),
        (6_000, False, 0.006),  # taken in as it comes, or it would pile up
        (1_000_000, False, LONGEST_PACE_S),
    ],
)
def test_the_pace_follows_the_rate_and_whether_anybody_waits(records_per_s, hurried, seconds):
    assert pace_s(records_per_s, hurried) == pytest.approx(seconds)
