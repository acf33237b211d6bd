"""While users chat, one node is stopped as a deploy would, later the other one is killed: nothing is lost."""

import gevent

from loadtest.criteria import complete, fast
from loadtest.evidence import Findings
from loadtest.people import Person
from loadtest.scenario import Over, Scenario
from loadtest.size import Size
from loadtest.verdict import Criterion, at_least, at_most
from roomlog.stack import Stack

RESUMED_MS = 5_000
BACK_S = 30.0
STOPPED, KILLED = "ingest-2", "ingest-1"


class NodeStop(Scenario):
    """Rooms of ten with members on both nodes, 100 messages a second."""

    name = "node_stop"
    size = Size(users=100, rooms=10, rate=1, seconds=5, p99_ms=1_000)

    def script(self) -> None:
        """Let `seconds` pass before and after each."""
        stack = self._stack()
        gevent.sleep(self.now.seconds or 0)
        # It is drained, and gone when its clients are.
        stopping = gevent.spawn(stack.stop_service, STOPPED)
        self.moved = self.now.users // 2
        self.wait_for("resumed", self.moved, BACK_S)
        gevent.sleep(self.now.seconds or 0)
        stopping.get()  # one client of another kind can keep it for the whole drain
        stack.start_service(STOPPED)
        gevent.sleep(self.now.seconds or 0)
        pid = stack.kill(KILLED)
        self.moved += self.now.users
        self.wait_for("resumed", self.moved, BACK_S)
        stack.wait_ready(KILLED, other_than=pid)
        gevent.sleep(self.now.seconds or 0)

    def criteria(self, found: Findings) -> list[Criterion]:
        """Nothing is lost, and everybody is back in time."""
        return [
            *complete(found, self.counts),
            at_least("resumed", self.stats.count("resume"), self.moved),
            at_most("longest resume", self.stats.longest("resume"), RESUMED_MS, "ms"),
            *fast(self.stats, self.now, "delivery"),
        ]

    def _stack(self) -> Stack:
        if self.place.data is None:
            raise Over("a node of another machine cannot be stopped from here; use --data DIR")
        if len(self.place.nodes) < 2:
            raise Over("it takes two nodes: `roomlog up --nodes 2`")
        return Stack(data=str(self.place.data))


class NodeStopUser(Person):
    """Posts steadily."""

    def act(self) -> None:
        """Post until the end."""
        self.post_steadily(self.size.rate or 0)
