from ingest.recent import RecentEvents


def test_the_first_record_of_an_event_counts():
    recent = RecentEvents()
    assert not recent.is_repeat("e", 5)
    assert not recent.is_repeat("e", 5)
    assert recent.is_repeat("e", 9)
    assert recent.get("e") == 5
    recent.put("e", 3)
    assert recent.get("e") == 3
    recent.put("e", 8)
    assert recent.get("e") == 3


def test_offset_zero_is_an_offset():
    recent = RecentEvents()
    recent.put("e", 0)
    assert recent.get("e") == 0
    assert recent.is_repeat("e", 1)


def test_at_least_the_capacity_is_kept_and_at_most_twice_that():
    recent = RecentEvents(capacity=10)
    for number in range(25):
        recent.put(str(number), number)
    assert recent.generation == 2
    assert all(recent.get(str(n)) == n for n in range(15, 25))
    assert recent.get("9") is None


def test_a_repeat_that_was_seen_before_the_first_record_is_one_afterwards():
    recent = RecentEvents()
    assert not recent.is_repeat("a", 7)
    assert not recent.is_repeat("a", 3)
    assert recent.is_repeat("a", 7)
