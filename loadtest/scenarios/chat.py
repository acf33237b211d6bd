"""50 users in 5 rooms post 100 messages each, at the pace of a lively chat."""

from loadtest.criteria import complete, fast
from loadtest.evidence import Findings
from loadtest.people import Person
from loadtest.scenario import Scenario
from loadtest.size import Size
from loadtest.verdict import Criterion


class Chatting(Scenario):
    """Rooms of ten, each with 50 messages a second."""

    name = "chat"
    size = Size(users=50, rooms=5, messages=100, rate=5, p99_ms=500)

    def criteria(self, found: Findings) -> list[Criterion]:
        """All there, and soon."""
        sent = self.now.users * (self.now.messages or 0)
        return [
            *complete(found, self.counts, sent),
            *fast(self.stats, self.now, "ack", "delivery"),
        ]


class ChattingUser(Person):
    """Posts steadily."""

    def act(self) -> None:
        """Post everything."""
        self.post_steadily(self.size.rate or 0, self.size.messages)
