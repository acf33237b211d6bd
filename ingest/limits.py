"""How many commands a user may send: a token bucket. Pure: the caller gives the time."""

from dataclasses import dataclass

RATE_PER_S = 50.0
BURST = 200.0


@dataclass(slots=True)
class Bucket:
    """What a user has left, and when that was so (seconds on any steady clock)."""

    tokens: float
    at: float


def take(bucket: Bucket, now: float, rate: float = RATE_PER_S, burst: float = BURST) -> int:
    """Take one token; return 0, or in how many milliseconds there will be one."""
    tokens = min(burst, bucket.tokens + (now - bucket.at) * rate)
    bucket.at = now
    if tokens >= 1.0:
        bucket.tokens = tokens - 1.0
        return 0
    bucket.tokens = tokens
    return int((1.0 - tokens) / rate * 1_000) + 1


class RateLimits:
    """The buckets of the users who send; one that is full again is forgotten."""

    def __init__(self, rate: float = RATE_PER_S, burst: float = BURST) -> None:
        self._rate, self._burst = rate, burst
        self._buckets: dict[str, Bucket] = {}

    def take(self, user: str, now: float) -> int:
        """Take one token of the user; return 0, or in how many milliseconds there will be one."""
        bucket = self._buckets.get(user)
        if bucket is None:
            bucket = self._buckets[user] = Bucket(self._burst, now)
        return take(bucket, now, self._rate, self._burst)

    def forget_full(self, now: float) -> None:
        """Drop the buckets that have filled up since they were used."""
        old = now - self._burst / self._rate
        self._buckets = {u: b for u, b in self._buckets.items() if b.at > old}
