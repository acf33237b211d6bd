"""Percentiles of a histogram, and how a cost grows. Pure."""

from collections.abc import Mapping, Sequence
from statistics import median

SHOWN = (1, 5, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99)
"""Percentiles that are kept of every latency."""

Histogram = Sequence[tuple[float, int]]
"""Values in ascending order, each with how often it occurred."""


def percentiles(histogram: Histogram, shares: Sequence[float]) -> dict[str, float]:
    """Return, by percentile (`"99.9"`), the smallest value that so many percent do not exceed.

    An empty histogram has none.
    """
    total = sum(count for _, count in histogram)
    found: dict[str, float] = {}
    for share in shares if total else ():
        wanted, seen = total * share / 100, 0
        for value, count in histogram:
            seen += count
            if seen >= wanted:
                found[f"{share:g}"] = value
                break
    return found


def growth(costs: Mapping[str, float]) -> float:
    """Return the cost at the largest size, divided by that at the smallest; the keys are the sizes."""
    sizes = sorted(costs, key=float)
    return costs[sizes[-1]] / costs[sizes[0]]


def second_half(values: Sequence[float]) -> float:
    """Return by how much a value grew from the middle of a measurement to its end.

    Each is the median of a tenth of the values; of fewer than four there is no telling: 0.
    """
    if len(values) < 4:
        return 0.0
    few, half = max(1, len(values) // 10), len(values) // 2
    return median(values[-few:]) - median(values[half : half + few])
