"""A scenario: a Locust shape with a script, and the criteria that a run of it has to meet.

The stages of a run: everybody arrives; the script plays; nobody posts any more and what is under way comes
in; all processes hand in their evidence; the verdict is found. In a distributed run all but the users
is on the master (loadtest/processes.py).
"""

import time
from collections import Counter
from typing import ClassVar

import gevent
from locust import LoadTestShape
from locust.env import Environment

from loadtest import hooks
from loadtest.criteria import complete
from loadtest.evidence import Evidence, Findings, judge
from loadtest.place import Place
from loadtest.processes import Processes
from loadtest.run import Run
from loadtest.size import Size
from loadtest.stats import Stats
from loadtest.verdict import Criterion, Verdict

ARRIVE_S = 120.0
SETTLE_S = 60.0
_SLOWEST_PER_S = 100.0
"""Messages of all users, where they post as fast as they can."""
_LOOK_S = 0.1
_TOLD_EVERY_S = 5.0
_BUSY_PERCENT = 90.0


class Over(Exception):
    """The scenario cannot go on; the message says why."""


class Scenario(LoadTestShape):
    """Base of the scenarios; docs/loadtest.md shows how to write one."""

    abstract = True
    use_common_options: ClassVar[bool] = True
    name: ClassVar[str]
    size: ClassVar[Size]
    spawn_rate: ClassVar[float] = 50.0
    """Users that arrive in a second."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.verdict: Verdict | None = None
        self.now = self.size
        """The size of this run."""
        self.wanted_users = self.size.users
        self.problems: list[str] = []
        self.notes: list[str] = []
        self._play: gevent.Greenlet | None = None
        self._told = 0.0
        self.environment: Environment
        self.processes: Processes
        self.stats: Stats
        hooks.install(self)

    # What a scenario says.

    def first_users(self) -> int:
        """Say how many users have to arrive before it begins: all, unless the script wants more later."""
        return self.now.users

    def script(self) -> None:
        """Say what happens once everybody has arrived; when it returns, nobody posts any more.

        By default the users post for `seconds`, or until all of them have done what they do.
        """
        if self.now.seconds is not None:
            gevent.sleep(self.now.seconds)
        else:
            slowest = self.now.rate or _SLOWEST_PER_S / self.now.users
            self.wait_for("done", self.now.users, SETTLE_S + (self.now.messages or 0) / slowest)

    def criteria(self, found: Findings) -> list[Criterion]:
        """Say what a run has to meet."""
        return complete(found, self.counts)

    # What a script uses.

    @property
    def run(self) -> Run | None:
        """This process' share; None before a run and where one could not begin."""
        return self.processes.run

    @property
    def place(self) -> Place:
        """The installation that is loaded."""
        return self.processes.place

    @property
    def counts(self) -> Counter[str]:
        """How far all users are; in a distributed run up to 3 s old."""
        return self.processes.counts()

    def cue(self, name: str) -> None:
        """Have every user do something, wherever they are: `on_NAME` of their class."""
        self.processes.cue(name)

    def wait_for(self, name: str, count: int, within_s: float) -> None:
        """Return when a count is reached; raises Over."""
        deadline = time.monotonic() + within_s
        while (reached := self.counts[name]) < count:
            if time.monotonic() > deadline:
                raise Over(f"{reached:,} of {count:,} {name} after {within_s:.0f} s")
            gevent.sleep(_LOOK_S)

    def settle(self) -> None:
        """Return when all messages are answered and nothing more comes; after a minute in any case."""
        deadline, before, since = time.monotonic() + SETTLE_S, -1, time.monotonic()
        while time.monotonic() < deadline:
            counts, now = self.counts, time.monotonic()
            if (
                counts["delivered"] != before
                or counts["sent"] > counts["acked"] + counts["refused"]
            ):
                before, since = counts["delivered"], now
            elif now - since > self.processes.quiet_s:
                return
            gevent.sleep(_LOOK_S)

    # What Locust calls.

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there are to be, None at the end (called by Locust every second)."""
        if self._play is None:
            self._prepare()
            self._play = gevent.spawn(self._carry_out)
        elif self._play.ready():
            self._play = None
            return None
        self.processes.look()
        self._tell()
        return self.wanted_users, self.spawn_rate

    def interrupted(self) -> None:
        """Locust stops: a run that is not over has failed."""
        if self._play is not None:
            self._play.kill()
            self._play = None
            self.problems.append("stopped before its end")
            self._conclude()

    # The stages.

    def _prepare(self) -> None:
        """Make the rooms, before there are users."""
        self.verdict, self.problems, self.notes = None, [], []
        self.environment.process_exit_code = hooks.FAILED  # until there is a verdict
        self.processes.end()
        self.stats = Stats(self.environment.stats)
        try:
            self.now = hooks.size_of(self, self.environment)
            self.wanted_users = self.first_users()
            self.processes.begin(self.name, self.now)
        except hooks.TROUBLE as error:
            self.problems.append(str(error))
        except Exception as error:  # whatever it is, the run has a verdict
            self.problems.append(f"{type(error).__name__}: {error}")

    def _carry_out(self) -> None:
        if self.run is None:
            self._conclude()
            return
        try:
            self._arrive()
            self.cue("go")
            self.script()
        except Over as over:
            self.problems.append(str(over))
        except Exception as error:  # whatever it is, the run has a verdict
            self.problems.append(f"{type(error).__name__}: {error}")
        self.cue("cease")
        self.settle()
        self._conclude(judge(self._evidence()))

    def _arrive(self) -> None:
        deadline = time.monotonic() + ARRIVE_S
        while (counts := self.counts)["ready"] < self.wanted_users:
            if counts["absent"] or time.monotonic() > deadline:
                told = f"{counts['ready']} of {self.wanted_users} users arrived"
                raise Over(f"{told} within {ARRIVE_S:.0f} s, {counts['absent']} gave up")
            gevent.sleep(_LOOK_S)

    def _evidence(self) -> list[Evidence]:
        evidence, missing = self.processes.evidence()
        if missing:
            self.problems.append(f"no evidence from {missing} of the processes with users")
        return evidence

    def _conclude(self, found: Findings | None = None) -> None:
        """Find the verdict and put it, with what was judged, into Locust's statistics."""
        criteria = self.criteria(found) if found is not None else []
        if (percent := self.processes.busiest_percent) > _BUSY_PERCENT:
            told = f"the load generator needed {percent:.0f} % of a core"
            self.notes.append(f"{told}: latencies may be its own (--processes 2 shares it out)")
        if limited := self.counts["rate limited"]:
            told = f"{limited:,} commands had to wait for rate limits"
            self.notes.append(f"{told}; ROOMLOG_RATE_LIMITS=off lifts them")
        self.verdict = Verdict(self.name, criteria, self.problems, self.notes)
        hooks.publish(self, self.environment, found)

    def _tell(self) -> None:
        if time.monotonic() - self._told > _TOLD_EVERY_S:
            self._told = time.monotonic()
            hooks.tell(self.name, self.counts)
