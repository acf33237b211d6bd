"""Rate limits: pure rules, fed with the time."""

import pytest

from api.limits import BY_ADDRESS, Bucket, Limit, Limits, take, window
from api.problems import Problem
from api.valkey import Valkey
from roomlog.metrics import LIMITS_UNCHECKED


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


@pytest.fixture
def nowhere() -> Valkey:
    return Valkey("redis://127.0.0.1:9/0")


def writes_before_refusal(limits: Limits, user: str) -> int:
    for done in range(1000):
        try:
            limits.write(user)
        except Problem:
            return done
    return 1000


def test_one_person_cannot_write_without_end(nowhere: Valkey) -> None:
    limits = Limits(nowhere, on=True)
    assert 200 <= writes_before_refusal(limits, "hasty") < 1000
    with pytest.raises(Problem) as refused:
        limits.write("hasty")
    assert refused.value.status == 429
    assert refused.value.response().headers["Retry-After"] == "1"
    limits.write("other")


def test_limits_can_be_lifted(nowhere: Valkey) -> None:
    assert writes_before_refusal(Limits(nowhere, on=False), "import") == 1000


async def test_what_cannot_be_counted_passes_and_is_noted(nowhere: Valkey) -> None:
    before = LIMITS_UNCHECKED._value.get()
    await Limits(nowhere, on=True).count(BY_ADDRESS, "192.0.2.1")
    assert LIMITS_UNCHECKED._value.get() == before + 1
