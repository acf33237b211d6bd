"""5,000 messages to a room of 50 as fast as they go: 250,000 deliveries, all there, in order, none twice."""

from loadtest.criteria import complete
from loadtest.evidence import Findings
from loadtest.people import Person
from loadtest.scenario import Scenario
from loadtest.size import Size
from loadtest.verdict import Criterion, at_least


class Extreme(Scenario):
    """Everybody's messages to everybody."""

    name = "extreme"
    size = Size(users=50, rooms=1, messages=100)

    def criteria(self, found: Findings) -> list[Criterion]:
        """All of so many, which are known beforehand."""
        sent = self.now.users * (self.now.messages or 0)
        deliveries = sent * self.now.users // self.now.rooms
        return [
            at_least("messages sent", found.acked, sent),
            at_least("deliveries", found.delivered, deliveries),
            *complete(found, self.counts),
        ]


class ExtremeUser(Person):
    """Posts in batches of 50, which is how many may be unanswered."""

    window = 50

    def act(self) -> None:
        """Post everything."""
        self.post_all(self.run_.plan.size.messages or 0, at_once=50)
