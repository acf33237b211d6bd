"""Criteria that several scenarios share. Pure."""

from collections.abc import Mapping
from typing import Protocol

from loadtest.evidence import Findings
from loadtest.size import Size
from loadtest.verdict import Criterion, at_least, at_most


class Percentiles(Protocol):
    """Locust's statistics, as far as they are needed here."""

    def percentile(self, name: str, share: float) -> float | None:
        """Return the milliseconds that this share (0 to 1) keeps, None where there is none."""
        ...


def complete(
    found: Findings, counts: Mapping[str, int], messages: int = 0, deliveries: int = 0
) -> list[Criterion]:
    """Everything that was sent was acked, and reached every subscriber once and in order.

    `messages` and `deliveries` are how many there have to be where that is known beforehand.
    """
    return [
        at_least("messages acked", found.acked, messages or max(counts.get("sent", 0), 1)),
        at_least("deliveries", found.delivered, deliveries or max(found.expected, 1)),
        at_most("lost", found.lost, 0),
        at_most("delivered twice", found.duplicates, 0),
        at_most("out of order", found.gaps, 0),
    ]


def fast(stats: Percentiles, size: Size, *names: str) -> list[Criterion]:
    """The 99th percentile of each of these latencies is within the limit of the run."""
    limit = size.p99_ms or 0.0
    return [at_most(f"{name} p99", stats.percentile(name, 0.99), limit, "ms") for name in names]
