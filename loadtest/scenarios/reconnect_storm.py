"""Three times 500 users lose their connections in one moment and all come back, with what they missed."""

import gevent

from loadtest.criteria import complete, fast
from loadtest.evidence import Findings
from loadtest.people import Person
from loadtest.scenario import Scenario
from loadtest.size import Size
from loadtest.verdict import Criterion, at_least, at_most

STORMS = 3
BACK_S = 30.0
LONGEST_MS = 10_000


class ReconnectStorm(Scenario):
    """Rooms of 50 in which 50 messages a second go on being posted."""

    name = "reconnect_storm"
    size = Size(users=500, rooms=10, rate=0.1, seconds=5, p99_ms=5_000)

    def script(self) -> None:
        """Let `seconds` pass before each storm, and after the last one."""
        for storm in range(1, STORMS + 1):
            gevent.sleep(self.now.seconds or 0)
            self.cue("storm")
            self.wait_for("resumed", storm * self.now.users, BACK_S)
        gevent.sleep(self.now.seconds or 0)

    def criteria(self, found: Findings) -> list[Criterion]:
        """All come back soon and have missed nothing."""
        return [
            *complete(found, self.counts),
            at_least("resumed", self.stats.count("resume"), STORMS * self.now.users),
            *fast(self.stats, self.now, "resume"),
            at_most("longest resume", self.stats.longest("resume"), LONGEST_MS, "ms"),
        ]


class ReconnectStormUser(Person):
    """Posts whenever there is a connection; what could not be sent is sent afterwards."""

    def act(self) -> None:
        """Post until the end."""
        self.post_steadily(self.size.rate or 0)

    def on_storm(self) -> None:
        """Lose the connection."""
        self.chat.drop()
