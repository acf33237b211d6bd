"""5,000 messages to a room of 50 as fast as they go: 250,000 deliveries, all there, in order, none twice."""

from loadtest.criteria import complete
from loadtest.evidence import Findings
from loadtest.people import Person
from loadtest.scenario import Scenario
from loadtest.size import Size
from loadtest.verdict import Criterion

BATCH = 50


class Extreme(Scenario):
    """Everybody's messages to everybody."""

    name = "extreme"
    size = Size(users=50, rooms=1, messages=100)

    def criteria(self, found: Findings) -> list[Criterion]:
        """As many as can be counted beforehand."""
        sent = self.now.users * (self.now.messages or 0)
        in_a_room = self.now.users // self.now.rooms
        return complete(found, self.counts, sent, sent * in_a_room)


class ExtremeUser(Person):
    """Posts a batch in a frame, and the next one as the answers come."""

    window = BATCH

    def act(self) -> None:
        """Post everything."""
        self.post_all(self.size.messages or 0, BATCH)
