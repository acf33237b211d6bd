"""400 connections that post, and that each break off and come back two or three times in a minute."""

import random

import gevent

from loadtest.criteria import complete, fast
from loadtest.evidence import Findings
from loadtest.people import Person
from loadtest.scenario import Scenario
from loadtest.size import Size
from loadtest.verdict import Criterion, at_least, at_most

KEPT_S = (10.0, 30.0)
"""How long a connection is kept."""


class WsStress(Scenario):
    """Rooms of 20, 200 messages and 20 reconnects a second."""

    name = "ws_stress"
    size = Size(users=400, rooms=20, rate=0.5, seconds=60, p99_ms=500)

    def criteria(self, found: Findings) -> list[Criterion]:
        """Nothing is lost however often connections break."""
        return [
            *complete(found, self.counts),
            at_most("failed connects", self.stats.failures("connect"), 0),
            at_least("reconnects", self.stats.count("resume"), self._reconnects()),
            *fast(self.stats, self.now, "connect", "ack", "delivery", "resume"),
        ]

    def _reconnects(self) -> int:
        """As many as everybody made at least, if each connection was kept as long as any is."""
        return self.now.users * int((self.now.seconds or 0) // (KEPT_S[1] + 5))


class WsStressUser(Person):
    """Posts, and loses the connection now and then."""

    def act(self) -> None:
        """Post steadily, over one connection after the other."""
        breaking = gevent.spawn(self._break)
        self.post_steadily(self.size.rate or 0)
        breaking.kill()

    def _break(self) -> None:
        while True:
            gevent.sleep(random.uniform(*KEPT_S))  # noqa: S311  # not all in one moment
            self.chat.drop()
