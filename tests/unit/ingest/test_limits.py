from ingest.limits import Bucket, RateLimits, take


def test_a_burst_passes_then_the_rate_holds():
    bucket = Bucket(200.0, 0.0)
    assert [take(bucket, 0.0, 50, 200) for _ in range(200)] == [0] * 200
    assert take(bucket, 0.0, 50, 200) == 21
    assert take(bucket, 0.021, 50, 200) == 0
    assert take(bucket, 0.021, 50, 200) > 0


def test_waiting_as_long_as_told_is_enough():
    bucket = Bucket(0.3, 5.0)
    wait_ms = take(bucket, 5.0, 50, 200)
    assert take(bucket, 5.0 + wait_ms / 1000, 50, 200) == 0


def test_a_bucket_never_holds_more_than_the_burst():
    bucket = Bucket(2.0, 0.0)
    assert take(bucket, 1_000.0, 50, 2) == 0
    assert bucket.tokens == 1.0


def test_looking_takes_nothing():
    limits = RateLimits(rate=1.0, burst=2.0)
    assert [limits.has_none("address", 0.0) for _ in range(9)] == [0] * 9
    assert len(limits) == 0
    limits.take("address", 0.0)
    assert limits.has_none("address", 0.0) == 0
    limits.take("address", 0.0)
    assert limits.has_none("address", 0.0) == limits.has_none("address", 0.0) == 1_001
    assert limits.has_none("address", 1.0) == 0


def test_users_do_not_share_and_full_buckets_are_forgotten():
    limits = RateLimits(rate=1.0, burst=1.0)
    assert limits.take("alice", 0.0) == 0
    assert limits.take("alice", 0.0) > 0
    assert limits.take("bob", 0.0) == 0
    limits.forget_full(0.5)
    assert limits.take("alice", 0.5) > 0
    limits.forget_full(10.0)
    assert limits.take("alice", 10.0) == 0
