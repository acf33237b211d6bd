"""How many commands a user may send, and how often an address may fail to sign in: token buckets.

Pure: the caller gives the time.
"""

from dataclasses import dataclass

RATE_PER_S = 50.0
BURST = 200.0
REFUSALS_PER_S = 5.0
REFUSALS_BURST = 300.0
"""Handshakes without a good token from one address; an office or a test suite shares one."""


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
    """The buckets of those who are limited (users, addresses); one that is full again is forgotten."""

    def __init__(self, rate: float = RATE_PER_S, burst: float = BURST) -> None:
        self._rate, self._burst = rate, burst
        self._buckets: dict[str, Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, user: str, now: float) -> int:
        """Take one token of the user; return 0, or in how many milliseconds there will be one."""
        bucket = self._buckets.get(user)
        if bucket is None:
            bucket = self._buckets[user] = Bucket(self._burst, now)
        return take(bucket, now, self._rate, self._burst)

    def has_none(self, user: str, now: float) -> int:
        """Return 0 while there is a token to take, or in how many milliseconds there will be one."""
        bucket = self._buckets.get(user)
        if bucket is None:
            return 0
        return take(Bucket(bucket.tokens, bucket.at), now, self._rate, self._burst)

    def forget_full(self, now: float) -> None:
        """Drop the buckets that have filled up since they were used."""
        old = now - self._burst / self._rate
        self._buckets = {u: b for u, b in self._buckets.items() if b.at > old}
