"""Five times, out of nothing, 100 users post 20 messages each in one moment."""

import gevent

from loadtest.criteria import complete, fast
from loadtest.evidence import Findings
from loadtest.people import Person
from loadtest.scenario import Scenario
from loadtest.size import Size
from loadtest.verdict import Criterion, at_most

BURSTS = 5
DRAINED_MS = 5_000


class Burst(Scenario):
    """2,000 messages to rooms of ten at once, then silence."""

    name = "burst"
    size = Size(users=100, rooms=10, messages=20, seconds=5, p99_ms=2_000)

    def script(self) -> None:
        """Burst, and wait for `seconds`."""
        for _ in range(BURSTS):
            self.cue("burst")
            gevent.sleep(self.now.seconds or 0)

    def criteria(self, found: Findings) -> list[Criterion]:
        """All there, before the next burst."""
        sent = BURSTS * self.now.users * (self.now.messages or 0)
        return [
            *complete(found, self.counts, sent),
            *fast(self.stats, self.now, "ack", "delivery"),
            at_most("latest delivery", self.stats.longest("delivery"), DRAINED_MS, "ms"),
        ]


class BurstUser(Person):
    """Keeps silent in between."""

    def on_burst(self) -> None:
        """Post everything in one frame."""
        self.post_all(self.size.messages or 0, self.size.messages or 1)
