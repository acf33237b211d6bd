"""More and more users, each posting once a second, until the p99 of deliveries breaks: where the knee is."""

import gevent

from loadtest.criteria import complete
from loadtest.evidence import Findings
from loadtest.knee import Step, is_over, knee
from loadtest.people import Person
from loadtest.scenario import ARRIVE_S, Scenario
from loadtest.size import Size
from loadtest.verdict import Criterion, at_least

STEPS = 12
SETTLE_S = 2.0
"""Those who have just come are not measured."""
ENOUGH = 2
"""Steps that have to be good, of all."""


class Gradual(Scenario):
    """Rooms of 20 are added, so that the load grows by as much with each step."""

    name = "gradual"
    size = Size(users=3_000, rooms=150, rate=1, seconds=8, p99_ms=500)

    def first_users(self) -> int:
        """Begin with the first step."""
        return self.now.users // STEPS

    def script(self) -> None:
        """Take one step after the other, each measured for `seconds`."""
        self.steps: list[Step] = []
        for number in range(1, STEPS + 1):
            self.wanted_users = users = self.now.users * number // STEPS
            self.wait_for("ready", users, ARRIVE_S)
            gevent.sleep(SETTLE_S)
            with self.stats.stretch("delivery") as stretch:
                gevent.sleep(self.now.seconds or 0)
            p99 = stretch.percentile(0.99)
            self.steps.append(Step(users, stretch.per_s, p99, self.processes.percent))
            self.notes.append(str(self.steps[-1]))
            if is_over(self.steps, self.limit_ms):
                return

    def criteria(self, found: Findings) -> list[Criterion]:
        """Nothing is lost on the way, and the knee is not at the very beginning."""
        limit = self.limit_ms
        at = knee(self.steps, limit)
        if at is not None and not is_over(self.steps, limit):
            self.notes.append(f"p99 never broke {limit:,.0f} ms: the knee is beyond (--users)")
        least = self.now.users * ENOUGH // STEPS
        return [
            *complete(found, self.counts),
            at_least("knee", at.users if at else None, least, "users"),
            at_least("at the knee", round(at.per_s) if at else None, least, "deliveries/s"),
        ]

    @property
    def limit_ms(self) -> float:
        """Where the p99 is broken."""
        return self.now.p99_ms or 0


class GradualUser(Person):
    """Posts steadily."""

    def rooms(self) -> list[str]:
        """Return the room of one's twenty: rooms are filled one after the other."""
        rooms = self.run_.plan.rooms
        return [rooms[self.number * len(rooms) // self.size.users]]

    def act(self) -> None:
        """Post until the end."""
        self.post_steadily(self.size.rate or 0)
