"""Counters and histograms for hot paths: plain numbers, which Prometheus' client reads when it is asked.

`Counter.inc` takes a lock and costs about half a microsecond, `Histogram.observe` more than one; adding to an
attribute costs a twentieth of that. One event loop writes them, so no lock is needed.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry


class Tally(Collector):
    """A counter without labels: add to `total`. Its name ends in `_total`, as counters' names do."""

    __slots__ = ("help", "name", "total")

    def __init__(self, name: str, help_: str, registry: CollectorRegistry = REGISTRY) -> None:
        self.name, self.help = name, help_
        self.total = 0
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Return what Prometheus sees now."""
        yield CounterMetricFamily(self.name, self.help, value=self.total)


class Spread(Collector):
    """A histogram without labels; `bounds` are the upper ends of its buckets, smallest first."""

    __slots__ = ("_bounds", "_counts", "_sum", "help", "name")

    def __init__(
        self,
        name: str,
        help_: str,
        bounds: Sequence[float],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self.name, self.help = name, help_
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        registry.register(self)

    def add(self, value: float, times: int = 1) -> None:
        """Count a value, once or for as many as it stands for."""
        self._counts[bisect_left(self._bounds, value)] += times
        self._sum += value * times

    def collect(self) -> Iterable[Metric]:
        """Return what Prometheus sees now."""
        ends = (*(str(float(bound)) for bound in self._bounds), "+Inf")
        buckets = list(zip(ends, map(float, accumulate(self._counts)), strict=True))
        yield HistogramMetricFamily(self.name, self.help, buckets=buckets, sum_value=self._sum)
