import pytest

from bench.__main__ import medians
from bench.derived import growth, percentiles, second_half


def test_a_percentile_is_the_smallest_value_that_so_many_percent_do_not_exceed():
    histogram = [(1.0, 50), (2.0, 40), (5.0, 9), (90.0, 1)]

    assert percentiles(histogram, (1, 50, 50.1, 90, 99, 99.9)) == {
        "1": 1.0,
        "50": 1.0,
        "50.1": 2.0,
        "90": 2.0,
        "99": 5.0,
        "99.9": 90.0,
    }


def test_nothing_measured_has_no_percentiles():
    assert percentiles([], (50, 99)) == {}


def test_growth_compares_the_largest_size_with_the_smallest_whatever_their_order():
    assert growth({"1000": 6.0, "50": 4.0, "200": 100.0}) == 1.5


def test_memory_that_grew_only_at_first_did_not_grow_in_the_second_half():
    assert second_half([*range(50), *([50] * 50)]) == 0
    assert second_half([*([10] * 50), *range(10, 60)]) == pytest.approx(45, abs=5)
    assert second_half([1, 2, 3]) == 0


def test_medians_are_taken_of_each_figure_and_of_each_part_of_one():
    runs = [
        {"per_s": 3, "stages": {"ingest": 1.0, "kafka": 9.0}},
        {"per_s": 100, "stages": {"ingest": 5.0}},
        {"per_s": 2, "stages": {"ingest": 2.0, "kafka": 4.0}},
    ]

    found = medians(runs)

    assert (found["per_s"], found["stages"]) == (3, {"ingest": 2.0, "kafka": 4.0})
    assert found["runs"] == runs
