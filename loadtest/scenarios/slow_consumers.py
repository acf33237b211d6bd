"""One in ten of a room stops reading: it is cut off, the others notice nothing, and it misses nothing."""

import gevent

from loadtest import nodes
from loadtest.criteria import complete
from loadtest.evidence import Findings
from loadtest.people import Person
from loadtest.scenario import Scenario
from loadtest.size import Size
from loadtest.verdict import Criterion, at_least, at_most
from roomlog.errors import CloseCode

ONE_IN = 10
BUFFER_BYTES = 32 * 1024
PADDING = " and so on" * 600
"""Messages of 6 kB fill the kernel's buffers soon; what a node may keep for a client is said in the protocol."""
WITHOUT_S = 10.0
TIMES = 2
LEAST_MS = 100
"""Of a p99 below it, twice as much is nothing that anybody notices."""


class SlowConsumers(Scenario):
    """A room of 50 with 45 messages a second, for 10 s all read, then `seconds` some do not."""

    name = "slow_consumers"
    size = Size(users=50, rooms=1, rate=1, seconds=30, p99_ms=500)

    def script(self) -> None:
        """Measure the others before and while some do not read."""
        closed = self._closed_as_slow()
        with self.stats.stretch("delivery") as self.before:
            gevent.sleep(WITHOUT_S)
        self.cue("stall")
        with self.stats.stretch("delivery") as self.meanwhile:
            gevent.sleep(self.now.seconds or 0)
        self.cue("read")
        self.closed = self._closed_as_slow() - closed

    def criteria(self, found: Findings) -> list[Criterion]:
        """They are closed with 4008, the others are served, and all get everything."""
        before, meanwhile = (s.percentile(0.99) for s in (self.before, self.meanwhile))
        limit = min(self.now.p99_ms or 0, max(TIMES * (before or 0), LEAST_MS))
        slow = self.now.users // ONE_IN
        self.notes.append(f"delivery p99 of the others while all read: {before or 0:,.0f} ms")
        return [
            *complete(found, self.counts),
            at_least("closed as slow", self.closed, slow),
            at_most("delivery p99 of the others meanwhile", meanwhile, limit, "ms"),
        ]

    def _closed_as_slow(self) -> float:
        code = str(int(CloseCode.SLOW_CONSUMER))
        urls = self.place.nodes
        return sum(nodes.sample(url, "ws_closed_total", code=code) for url in urls)


class SlowConsumersUser(Person):
    """Posts, or is one of those who only listen, and at some time not even that."""

    @property
    def is_slow(self) -> bool:
        """Whether this is one of them."""
        return self.number % ONE_IN == ONE_IN - 1

    def receive_bytes(self) -> int:
        """Return the size of the kernel's receive buffer, small for the slow."""
        return BUFFER_BYTES if self.is_slow else 0

    def act(self) -> None:
        """Post until the end."""
        if self.is_slow:
            self.chat.delivery = "delivery to the slow"
            self.run_.ceased.wait()
        else:
            self.post_steadily(self.size.rate or 0, padding=PADDING)

    def on_stall(self) -> None:
        """Stop reading."""
        if self.is_slow:
            self.chat.reading.clear()

    def on_read(self) -> None:
        """Read again."""
        self.chat.reading.set()
