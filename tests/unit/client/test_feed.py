"""What a client makes of the events of a room."""

from itertools import pairwise

import pytest

from roomlog.client.feed import RoomFeed


def live(cursor: str = "1:5") -> RoomFeed:
    feed = RoomFeed(None)
    feed.asked()
    feed.acked(cursor)
    return feed


def accept(feed: RoomFeed, *numbers: int) -> list[str]:
    """Offer events, each with the one before it in this list of offsets as predecessor."""
    verdicts = []
    for before, number in pairwise(numbers):
        verdicts.append(feed.accept(f"e{number}", f"1:{number}", f"1:{before}"))
    return verdicts


def test_events_in_sequence_are_new() -> None:
    feed = live()
    assert accept(feed, 5, 6, 9) == ["apply", "apply"]
    assert feed.cursor == "1:9"


def test_what_came_is_skipped() -> None:
    feed = live()
    assert accept(feed, 5, 6, 7) == ["apply", "apply"]
    assert accept(feed, 5, 6, 7) == ["skip", "skip"]
    assert feed.cursor == "1:7"


def test_an_event_that_names_another_predecessor_shows_a_gap() -> None:
    feed = live()
    assert accept(feed, 6, 7) == ["gap"]
    assert feed.cursor == "1:5"


def test_a_gap_is_filled_by_a_replay() -> None:
    feed = live()
    assert accept(feed, 6, 7) == ["gap"]
    feed.asked()
    assert accept(feed, 7, 8) == ["skip"]
    feed.acked("1:8")
    assert accept(feed, 5, 6, 7, 8) == ["apply"] * 3
    feed.caught_up("1:8")
    assert accept(feed, 8, 9) == ["apply"]


def test_an_event_that_the_log_holds_twice_comes_once_and_breaks_nothing() -> None:
    feed = live()
    assert accept(feed, 5, 6) == ["apply"]
    assert feed.accept("e6", "1:7", "1:6") == "skip"
    assert feed.cursor == "1:7"
    assert accept(feed, 7, 8) == ["apply"]


def test_a_replay_may_end_at_a_repeat_that_it_left_out() -> None:
    feed = RoomFeed("1:5")
    feed.asked()
    feed.acked("1:7")
    assert accept(feed, 5, 6) == ["apply"]
    feed.caught_up("1:7")
    assert accept(feed, 7, 8, 9) == ["apply", "apply"]


def test_a_replay_may_end_beyond_the_last_event() -> None:
    feed = RoomFeed("1:5")
    feed.asked()
    feed.acked("1:7")
    assert accept(feed, 5, 6) == ["apply"]
    feed.caught_up("1:7")
    assert accept(feed, 6, 8) == ["apply"]
    assert accept(feed, 7, 9) == ["gap"]


def test_nothing_is_taken_between_subscriptions() -> None:
    feed = live()
    feed.detached()
    assert feed.is_detached
    assert accept(feed, 5, 6) == ["skip"]


@pytest.mark.parametrize("count", [2_500])
def test_memory_of_what_came_is_bounded(count: int) -> None:
    feed = live()
    accept(feed, *range(5, count + 5))
    assert len(feed._seen) == 2_000
