"""100 users chat for half an hour (--seconds): latencies stay, and the memory of the nodes stays flat."""

import time

import gevent

from bench.derived import second_half
from loadtest import nodes
from loadtest.criteria import complete, fast
from loadtest.evidence import Findings
from loadtest.people import Person
from loadtest.scenario import Scenario
from loadtest.size import Size
from loadtest.verdict import Criterion, at_most

GROWTH_PERCENT = 5
LOOK_S = 2.0


class Soak(Scenario):
    """Rooms of ten, 20 messages a second."""

    name = "soak"
    size = Size(users=100, rooms=10, rate=0.2, seconds=1_800, p99_ms=500)

    def script(self) -> None:
        """Look at the nodes now and then."""
        self.resident: dict[str, list[float]] = {url: [] for url in self.place.nodes}
        until = time.monotonic() + (self.now.seconds or 0)
        while time.monotonic() < until:
            for url, seen in self.resident.items():
                if found := nodes.sample(url, "process_resident_memory_bytes"):
                    seen.append(found)
            gevent.sleep(LOOK_S)

    def criteria(self, found: Findings) -> list[Criterion]:
        """Nothing is lost, and from the middle to the end nothing grows."""
        memory = [
            at_most(f"memory of {url} grew", _growth_percent(seen), GROWTH_PERCENT, "%")
            for url, seen in self.resident.items()
        ]
        for url, seen in self.resident.items():
            if seen:
                self.notes.append(f"{url}: {seen[0] / 1e6:.1f} MB, at the end {seen[-1] / 1e6:.1f}")
        return [
            *complete(found, self.counts),
            *fast(self.stats, self.now, "ack", "delivery"),
            *memory,
        ]


def _growth_percent(resident: list[float]) -> float | None:
    if not resident:
        return None
    return second_half(resident) / resident[len(resident) // 2] * 100


class SoakUser(Person):
    """Posts now and then."""

    def act(self) -> None:
        """Post until the end."""
        self.post_steadily(self.size.rate or 0)
