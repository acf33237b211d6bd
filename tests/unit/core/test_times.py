"""Times between the log and Python."""

from datetime import UTC, datetime, timedelta, timezone

from roomlog.times import micros, time_of


def test_times_become_exact_microseconds():
    assert micros(datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)) == 1_767_323_045_678_901
    assert micros(datetime(1970, 1, 1, 0, 0, 0, 1, UTC)) == 1
    east = timezone(timedelta(hours=2))
    assert micros(datetime(1970, 1, 1, 2, 0, 1, 5, east)) == 1_000_005
    assert time_of(1_767_323_045_678_901) == datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)
