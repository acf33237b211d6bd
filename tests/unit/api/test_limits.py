"""Rate limits: pure rules, fed with the time."""

from api.limits import Bucket, Limit, take, window


def test_a_bucket_gives_its_burst_at_once_and_then_its_rate() -> None:
    bucket, waits = Bucket(3, 0.0), []
    for _ in range(4):
        bucket, wait = take(bucket, 0.0, rate=2, burst=3)
        waits.append(wait)
    assert waits == [0, 0, 0, 0.5]
    assert take(bucket, 0.5, rate=2, burst=3)[1] == 0


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket, _ = take(Bucket(0, 0.0), 1_000.0, rate=2, burst=3)
    assert bucket.tokens == 2


def test_windows_follow_one_another() -> None:
    limit = Limit("x", 5, 60)
    assert window(limit, 0) == (0, 60)
    assert window(limit, 59.5) == (0, 0.5)
    assert window(limit, 60) == (1, 60)
