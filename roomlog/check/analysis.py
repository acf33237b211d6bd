"""From a history and the evidence to a verdict. Pure: no I/O, no clock.

The counters are defined in `roomlog.check.verdict`; who finds what:

- `operations`: acked operations that the log lacks, or has after their sender's removal (lost), records of
  the log that nobody sent or that were refused (phantom), two events under one key (duplicate), contents
  that are not what was sent or not where the ack says (disagreement).
- `tracks`: every frame against the log at its offset, and every subscriber's frames against what a member
  who listened had to get (lost, phantom, duplicate, order, disagreement, gap).
- `timing`: what came too late (unseen), and the delays.
- `rows`: the read models against the fold of the log (lost, phantom, duplicate, disagreement, offset).
- `shown`: what clients display in the end.
- `meanwhile`: no counter, but what the API answered, and what went on while something was broken.
- here: every record that nobody can read has its dead letter (lost).

An operation whose outcome is unknown may have taken effect once or not at all.
"""

from collections.abc import Iterable

from roomlog.check import logs, rows, shown
from roomlog.check.facts import Evidence
from roomlog.check.history import (
    SECOND_NS,
    Connected,
    Fail,
    Fault,
    Healed,
    Info,
    Invoke,
    Ok,
    Poisoned,
    Read,
    Rebuilt,
    Received,
    Record,
    Reset,
    Shown,
    Subscribed,
    Unfollowed,
)
from roomlog.check.meanwhile import Goings
from roomlog.check.operations import Operations
from roomlog.check.timing import Timing
from roomlog.check.tracks import Tracks
from roomlog.check.verdict import Verdict


def judge(history: Iterable[Record], evidence: Evidence) -> Verdict:
    """Return the verdict on a history, whose records come in the order in which they were recorded."""
    verdict = Verdict()
    by_room = logs.by_room(evidence.log)
    verdict.figures.log_events = sum(len(log.offsets) for log in by_room.values())
    verdict.figures.log_repeats = sum(len(log.repeats) for log in by_room.values())
    pass_through = _Pass(by_room, verdict)
    for record in history:
        pass_through.take(record)
    pass_through.finish()
    rows.judge(evidence, by_room, pass_through.operations.acked_at, verdict)
    _judge_letters(pass_through.poisoned, evidence, verdict)
    return verdict


def _judge_letters(poisoned: set[tuple[int, int]], evidence: Evidence, verdict: Verdict) -> None:
    written = {(letter.partition, letter.offset) for letter in evidence.letters}
    verdict.figures.poisoned, verdict.figures.letters = len(poisoned), len(written)
    for partition, offset in sorted(poisoned - written):
        where = f"partition {partition}, offset {offset}"
        verdict.add("lost", "a record that nobody can read has no dead letter", where)


class _Pass:
    """One pass over the records."""

    def __init__(self, by_room: dict[str, logs.RoomLog], verdict: Verdict) -> None:
        self._by_room, self._verdict = by_room, verdict
        self.operations = Operations()
        self._tracks = Tracks(by_room, verdict)
        self._timing = Timing(verdict)
        self._goings = Goings(verdict)
        self._tracks_judged = False
        self.poisoned: set[tuple[int, int]] = set()
        self._first = self._last = 0

    def take(self, record: Record) -> None:
        """Take the next record."""
        self._first = self._first or record.at
        self._last = record.at
        match record:
            case Received():
                self._received(record)
            case Ok():
                self.operations.take(record)
                self._goings.take(record)
            case Invoke() | Fail() | Info():
                self.operations.take(record)
            case Subscribed() | Unfollowed():
                self._tracks.take(record)
                self._timing.take(record)
            case Reset():
                self._tracks.take(record)
            case Fault() | Healed():
                self._timing.take(record)
                self._goings.take(record)
            case Read() | Rebuilt():
                self._goings.take(record)
            case Poisoned(partition=partition, offset=offset):
                self.poisoned.add((partition, offset))
            case Shown():
                self._judge_tracks()  # what is shown is recorded last
                track = self._tracks.of(record.client, record.room)
                shown.judge(record, track, self._verdict)
            case Connected():
                self._tracks.users[record.client] = record.user
                self._timing.take(record)
            case _:
                self._timing.take(record)

    def _received(self, record: Received) -> None:
        self._goings.take(record)
        event = self._tracks.received(record)
        if event is not None and (acked_at := self.operations.acked_at.get(event.id)):
            self._timing.received(record, acked_at)

    def finish(self) -> None:
        """Judge what can be judged only at the end."""
        self.operations.judge(self._by_room, self._verdict)
        self._judge_tracks()
        self._timing.judge()
        self._goings.judge()
        self._verdict.figures.seconds = (self._last - self._first) / SECOND_NS

    def _judge_tracks(self) -> None:
        if not self._tracks_judged:
            self._tracks_judged = True
            self._tracks.judge(self.operations.acked_at)
