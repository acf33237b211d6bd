"""Rate limits of the REST API. They fail open: a limit that cannot be checked lets through, and counts it.

Sign-ins are counted in Valkey, over all API processes; writes per process, without a round trip.
"""

import time
from typing import NamedTuple

from api.problems import Problem
from api.valkey import Valkey
from roomlog.errors import ErrorCode
from roomlog.metrics import LIMITS_UNCHECKED


class Limit(NamedTuple):
    """At most `attempts` in each window of `seconds`."""

    name: str
    attempts: int
    seconds: int


BY_ADDRESS = Limit("address", 300, 60)
"""Registrations and sign-ins from one address; an office or a test suite shares one."""
BY_ACCOUNT = Limit("account", 10, 60)
"""Failed sign-ins to one account."""

BY_HOOK = Limit("hook", 120, 60)
"""Messages by one incoming hook, repeated ones included."""
PREVIEWS = Limit("previews", 60, 60)
"""Pages that are fetched because one user asked; what is kept already does not count."""

WRITES_PER_S, WRITES_BURST = 50.0, 200.0
"""REST writes of one user, as on a socket; bridges are not limited."""


class Bucket(NamedTuple):
    """A token bucket: `tokens` were left at `at` (seconds, monotonic)."""

    tokens: float
    at: float


def take(bucket: Bucket, now: float, rate: float, burst: float) -> tuple[Bucket, float]:
    """Take one token; return the bucket after it, and the seconds to wait (0: it was there)."""
    tokens = min(burst, bucket.tokens + (now - bucket.at) * rate)
    if tokens >= 1:
        return Bucket(tokens - 1, now), 0.0
    return Bucket(tokens, now), (1 - tokens) / rate


def window(limit: Limit, now: float) -> tuple[int, float]:
    """Return the number of the window that `now` (seconds since 1970) is in, and the seconds left of it."""
    number = int(now // limit.seconds)
    return number, (number + 1) * limit.seconds - now


class Limits:
    """The limits in force; `on` is the setting `rate_limits`."""

    def __init__(self, valkey: Valkey, on: bool) -> None:
        self._valkey, self._on = valkey, on
        self._buckets: dict[str, Bucket] = {}

    async def count(self, limit: Limit, subject: str) -> None:
        """Count one attempt of a subject; raises Problem (429) over the limit."""
        if not self._on:
            return
        number, left = window(limit, time.time())
        seen = await self._valkey.count(_key(limit, subject, number), limit.seconds)
        if seen is None:
            LIMITS_UNCHECKED.inc()
        elif seen > limit.attempts:
            raise _too_many(left)

    async def uncount(self, limit: Limit, subject: str) -> None:
        """Take back one attempt that turned out to be fine."""
        if self._on:
            number, _ = window(limit, time.time())
            await self._valkey.count(_key(limit, subject, number), limit.seconds, -1)

    def write(self, user: str) -> None:
        """Count one write of a user; raises Problem (429) over the limit."""
        if not self._on:
            return
        now = time.monotonic()
        full = Bucket(WRITES_BURST, now)
        bucket, wait = take(self._buckets.get(user, full), now, WRITES_PER_S, WRITES_BURST)
        self._buckets[user] = bucket
        if len(self._buckets) > 10_000:
            self._buckets = {u: b for u, b in self._buckets.items() if now - b.at < 60}
        if wait:
            raise _too_many(wait)


def _key(limit: Limit, subject: str, number: int) -> str:
    return f"roomlog:api:limit:{limit.name}:{subject}:{number}"


def _too_many(wait_s: float) -> Problem:
    return Problem(
        ErrorCode.RATE_LIMITED, "too many attempts; wait and try again", retry_after_s=wait_s
    )
