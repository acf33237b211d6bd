"""Reading Locust's statistics: of a whole run, and of a stretch of one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from locust.stats import (
    RequestStats,
    StatsEntry,
    calculate_response_time_percentile,
    diff_response_time_dicts,
)


class Stretch:
    """What was counted under a name between two moments; it goes on until `end`."""

    def __init__(self, stats: "Stats", name: str) -> None:
        self._stats, self._name = stats, name
        self._before, self._began = stats.histogram(name), time.monotonic()
        self._found: dict[int, int] = {}
        self._seconds = 0.0

    def end(self) -> None:
        """The stretch is over."""
        self._found = diff_response_time_dicts(self._stats.histogram(self._name), self._before)
        self._seconds = time.monotonic() - self._began

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self._found.values())

    @property
    def per_s(self) -> float:
        """How many there were in a second."""
        return self.count / self._seconds if self._seconds else 0.0

    def percentile(self, share: float) -> float | None:
        """Return the latency in milliseconds that this share (0 to 1) keeps, None where there is none."""
        if not self.count:
            return None
        return calculate_response_time_percentile(self._found, self.count, share)


class Stats:
    """The statistics of a run, over all processes."""

    def __init__(self, stats: RequestStats) -> None:
        self._stats = stats

    def count(self, name: str) -> int:
        """Return how often something happened, failures included."""
        return sum(entry.num_requests for entry in self._entries(name))

    def failures(self, name: str) -> int:
        """Return how often something failed."""
        return sum(entry.num_failures for entry in self._entries(name))

    def percentile(self, name: str, share: float) -> float | None:
        """Return the milliseconds that this share (0 to 1) keeps, None where there is none."""
        found = self.histogram(name)
        count = sum(found.values())
        return calculate_response_time_percentile(found, count, share) if count else None

    def longest(self, name: str) -> float | None:
        """Return the most milliseconds that it took, None where it did not happen."""
        entries = list(self._entries(name))
        return max(entry.max_response_time for entry in entries) if entries else None

    def histogram(self, name: str) -> dict[int, int]:
        """Return milliseconds -> how often, at Locust's resolution (two digits)."""
        found: dict[int, int] = {}
        for entry in self._entries(name):
            for ms, count in entry.response_times.items():
                found[ms] = found.get(ms, 0) + count
        return found

    @contextmanager
    def stretch(self, name: str) -> Iterator[Stretch]:
        """Measure what happens within."""
        stretch = Stretch(self, name)
        yield stretch
        stretch.end()

    def _entries(self, name: str) -> Iterator[StatsEntry]:
        return (e for (found, _), e in list(self._stats.entries.items()) if found == name)
