"""180 users come and go, some are away; 20 watch, and in the end believe what is so."""

import random
import time

import gevent

from loadtest.chat import Chat
from loadtest.connection import since_ms
from loadtest.criteria import fast
from loadtest.evidence import Findings, View
from loadtest.frames import Frame
from loadtest.people import Person
from loadtest.scenario import Scenario
from loadtest.size import Size
from loadtest.verdict import Criterion, at_least, at_most

WATCHES_ONE_IN = 10
STAY_S, GONE_S = (1.0, 4.0), (0.5, 2.0)
AWAY = 0.3
RIGHT_S = 5.0
"""So long after the last change everybody has to believe what is so."""


class PresenceChurn(Scenario):
    """Four rooms, about 50 arrivals and departures a second."""

    name = "presence_churn"
    size = Size(users=200, rooms=4, seconds=30, p99_ms=1_000)

    def script(self) -> None:
        """Churn, then let it be."""
        gevent.sleep(self.now.seconds or 0)
        self.cue("calm")
        self.wait_for("done", self.now.users, 2 * RIGHT_S)
        gevent.sleep(RIGHT_S)

    def criteria(self, found: Findings) -> list[Criterion]:
        """Watchers are told soon, and rightly."""
        watchers = -(-self.now.users // WATCHES_ONE_IN)
        return [
            at_least("arrivals", self.counts["arrivals"], self.now.users),
            at_most("failures", self.stats.failures("connect") + self.stats.failures("arrive"), 0),
            *fast(self.stats, self.now, "presence seen"),
            at_most(f"of {watchers} watchers wrong at the end", found.wrong_views, 0),
        ]


class PresenceChurnUser(Person):
    """Watches a room, or comes and goes."""

    def arrive(self) -> None:
        """Enter the room, to watch it or for a while."""
        self.view: dict[str, str] = {}
        self.calm = False
        self._come(first=True)

    def act(self) -> None:
        """Come and go until it is calm; half of those who do stay in the end."""
        if self.watches:
            self.run_.watchers.append(self._seen)
            self._is_present("online")
            return
        state = "online"
        while not self.calm:
            gevent.sleep(random.uniform(*STAY_S))  # noqa: S311  # people are not regular
            self.chat.close()
            gevent.sleep(random.uniform(*GONE_S))  # noqa: S311
            state = self._come()
        if self.number % 2:
            self.chat.close()
        else:
            self._is_present(state)

    def on_calm(self) -> None:
        """Come and go no more."""
        self.calm = True

    @property
    def watches(self) -> bool:
        """Whether this is a watcher."""
        return self.number % WATCHES_ONE_IN == 0

    def _come(self, first: bool = False) -> str:
        """Connect and follow the room; return the state that one is in."""
        self.chat = Chat(self.run_, self.number)
        if self.watches:
            self.chat.on_frame = self._watch
        self.chat.connect()
        room = self.rooms()[0]
        self.run_.arrived[self.chat.account.user] = time.perf_counter()
        if first:
            self.chat.enter(room)
        else:
            self.chat.follow(room, judged=False)
        self.run_.counts["arrivals"] += 1
        if self.watches or random.random() > AWAY:  # noqa: S311
            return "online"
        self.chat.request(op="presence", state="away")
        return "away"

    def _watch(self, frame: Frame) -> None:
        if frame.op != "presence":
            return
        if frame.state is not None:
            self.view = dict(frame.state)
        if frame.diff is not None:
            for user in frame.diff.joined:
                self._see(user)
            self.view.update(dict.fromkeys(frame.diff.joined, "online"))
            self.view.update(dict.fromkeys(frame.diff.away, "away"))
            for user in frame.diff.left:
                self.view.pop(user, None)

    def _see(self, user: str) -> None:
        since = self.run_.arrived.get(user)
        if since is not None and user not in self.view:
            self.run_.fire("WS", "presence seen", since_ms(since))

    def _is_present(self, state: str) -> None:
        room = self.rooms()[0]
        self.run_.present.setdefault(room, set()).add(f"{self.chat.account.user} {state}")

    def _seen(self) -> list[View]:
        return [View(self.rooms()[0], [f"{u} {s}" for u, s in self.view.items()])]
