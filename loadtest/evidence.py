"""What was acked and what was heard, and the judgement on it. Pure.

Each process collects its own evidence; in a distributed run all of it goes to the master, so that rooms
may have subscribers in several processes.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from msgspec import Struct, field

from loadtest.track import Track


class Heard(Struct, frozen=True):
    """A track (loadtest/track.py) as bytes: arrays of 64-bit integers in native order."""

    user: int
    room: str
    start: int
    offsets: bytes
    messages: bytes
    gaps: int
    repeats: int


class Acked(Struct, frozen=True):
    """The messages of a room that were acked, as such arrays, in the order of the acks."""

    room: str
    offsets: bytes
    messages: bytes


class View(Struct, frozen=True):
    """Whom a watcher believes to be in a room."""

    room: str
    users: list[str]


class Evidence(Struct, frozen=True):
    """Of one process. `present` are the users who really are in a room, for those that are watched."""

    acked: list[Acked] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    present: list[View] = field(default_factory=list)
    views: list[View] = field(default_factory=list)


class Subscriber(Struct, frozen=True):
    """The judgement on one user in one room; counts of messages, but gaps and repeats are of frames."""

    user: int
    room: str
    expected: int
    lost: int
    duplicates: int
    gaps: int


class Findings(Struct, frozen=True):
    """The judgement on a run."""

    acked: int
    subscribers: list[Subscriber]
    wrong_views: int
    """Watchers whose belief differs from who is present."""

    @property
    def expected(self) -> int:
        """Deliveries that were due: every acked message to every subscriber of its room."""
        return sum(s.expected for s in self.subscribers)

    @property
    def lost(self) -> int:
        """Deliveries that did not come."""
        return sum(s.lost for s in self.subscribers)

    @property
    def delivered(self) -> int:
        """Deliveries that were due and came."""
        return self.expected - self.lost

    @property
    def duplicates(self) -> int:
        """Deliveries that came again."""
        return sum(s.duplicates for s in self.subscribers)

    @property
    def gaps(self) -> int:
        """Frames that came out of order or after something that was missing."""
        return sum(s.gaps for s in self.subscribers)


def heard(track: Track) -> Heard:
    """Return a track as evidence."""
    return Heard(
        track.user,
        track.room,
        track.start,
        track.offsets.tobytes(),
        track.messages.tobytes(),
        track.gaps,
        track.repeats,
    )


def judge(evidence: Sequence[Evidence]) -> Findings:
    """Compare what was heard with what was acked, over all processes."""
    acked = _by_room(chain.from_iterable(e.acked for e in evidence))
    nothing = (np.empty(0, np.int64), np.empty(0, np.int64))
    subscribers = [
        _judge_one(one, *acked.get(one.room, nothing)) for e in evidence for one in e.heard
    ]
    count = sum(len(offsets) for offsets, _ in acked.values())
    return Findings(count, subscribers, _wrong_views(evidence))


def _by_room(acked: Iterable[Acked]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the offsets and messages of each room, each message once."""
    rooms: dict[str, list[Acked]] = {}
    for some in acked:
        rooms.setdefault(some.room, []).append(some)
    return {room: _unique(parts) for room, parts in rooms.items()}


def _unique(parts: list[Acked]) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.concatenate([_numbers(p.offsets) for p in parts])
    messages = np.concatenate([_numbers(p.messages) for p in parts])
    offsets, first = np.unique(offsets, return_index=True)
    return offsets, messages[first]


def _judge_one(one: Heard, acked: np.ndarray, messages: np.ndarray) -> Subscriber:
    due = acked > one.start
    offsets, texts = _numbers(one.offsets), _numbers(one.messages)
    places = np.searchsorted(offsets, acked[due])
    there = places < len(offsets)
    found = np.zeros(len(places), bool)
    at = places[there]
    found[there] = (offsets[at] == acked[due][there]) & (texts[at] == messages[due][there])
    again = len(texts) - len(np.unique(texts))
    expected = int(due.sum())
    lost = expected - int(found.sum())
    return Subscriber(one.user, one.room, expected, lost, again + one.repeats, one.gaps)


def _wrong_views(evidence: Sequence[Evidence]) -> int:
    present: dict[str, set[str]] = {}
    for view in chain.from_iterable(e.present for e in evidence):
        present.setdefault(view.room, set()).update(view.users)
    views = chain.from_iterable(e.views for e in evidence)
    return sum(set(v.users) != present.get(v.room, set()) for v in views)


def _numbers(raw: bytes) -> np.ndarray:
    return np.frombuffer(raw, np.int64)
