"""What the users of one process share during a run, and what they leave as evidence."""

import itertools
import time
from array import array
from collections import Counter
from collections.abc import Callable

import gevent
from gevent.event import Event
from msgspec import Struct

from loadtest.corpus import Corpus
from loadtest.evidence import Acked, Evidence, View, heard
from loadtest.frames import offset_of
from loadtest.place import Place
from loadtest.size import Size
from loadtest.track import Track

Fire = Callable[..., None]
"""Locust's `events.request.fire`."""


class Plan(Struct, frozen=True):
    """What every process has to know: a name for the run, its rooms and size.

    Of `places` processes with users this is number `place`.
    """

    run: str
    rooms: list[str]
    size: Size
    place: int = 0
    places: int = 1


class Run:
    """One process' share of a run."""

    def __init__(self, plan: Plan, place: Place, corpus: Corpus, fire: Fire) -> None:
        self.plan, self.place, self.corpus = plan, place, corpus
        self.counts: Counter[str] = Counter()
        """How far it is: ready, done, sent, acked, delivered, refused ...; sums over processes."""
        self.go = Event()
        """Set once everybody is ready."""
        self.ceased = Event()
        """Set when nobody is to post any more."""
        self.tracks: list[Track] = []
        self.arrived: dict[str, float] = {}
        """User id -> when they came to a room, by `perf_counter`, where a scenario watches presence."""
        self.present: dict[str, set[str]] = {}
        """Room -> the users of this process who are in it at the end, each with their state."""
        self.users: list[object] = []
        """Those who hear the cues of the scenario."""
        self.watchers: list[Callable[[], list[View]]] = []
        """Each tells, at the end, whom a watcher believes to be present."""
        self._fire = fire
        self._acked: dict[str, tuple[array[int], array[int]]] = {}
        self._numbers = itertools.count(plan.place, plan.places)
        self._texts = itertools.cycle(corpus.texts)

    def next_number(self) -> int:
        """Return the number of the next user: those of all processes together have no gaps."""
        return next(self._numbers)

    def next_text(self) -> str:
        """Return something to say."""
        return next(self._texts)

    def fire(
        self,
        kind: str,
        name: str,
        ms: float,
        error: Exception | None = None,
        length: int = 0,
    ) -> None:
        """Count something for Locust's statistics, with how long it took."""
        self._fire(
            request_type=kind,
            name=name,
            response_time=ms,
            response_length=length,
            exception=error,
            context={},
        )

    def note_acked(self, room: str, cursor: str, message: int) -> None:
        """A message of this process is in the log at this place."""
        offsets, messages = self._acked.setdefault(room, (array("q"), array("q")))
        offsets.append(offset_of(cursor))
        messages.append(message)

    def cue(self, name: str) -> None:
        """Have all users do something: `go`, `cease`, or what their class has an `on_NAME` for.

        Each does it in a greenlet of its own.
        """
        if name == "go":
            self.go.set()
        elif name == "cease":
            self.ceased.set()
        for user in self.users:
            if (act := getattr(user, f"on_{name}", None)) is not None:
                gevent.spawn(act)

    def evidence(self) -> Evidence:
        """Return what this process knows at the end."""
        acked = [Acked(r, o.tobytes(), m.tobytes()) for r, (o, m) in self._acked.items()]
        present = [View(room, sorted(users)) for room, users in self.present.items()]
        views = [view for watcher in self.watchers for view in watcher()]
        return Evidence(acked, [heard(track) for track in self.tracks], present, views)


def now_us() -> int:
    """Return microseconds since 1970: what is sent by one process is measured by another."""
    return time.time_ns() // 1_000
