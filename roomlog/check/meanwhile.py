"""What went on while something was broken: acks, deliveries, and how the API answered. Pure.

Reads are answered whatever dies, PostgreSQL aside: while that is away, and `BACK_S` after, they may be told to
wait, by a 503 that says for how long. Anything else is a failed read.
"""

from collections import Counter

from roomlog.check.history import SECOND_NS, Fault, Healed, Ok, Read, Rebuilt, Received
from roomlog.check.verdict import Meanwhile, Verdict

POSTGRES_AWAY = frozenset({"kill-postgres", "restart-postgres", "stop-postgres"})
BACK_S = 10
"""So long after a server is back every read is answered again."""
_SHOWN = 8
_MS = SECOND_NS // 1_000

During = Fault | Healed | Ok | Read | Rebuilt | Received


class Goings:
    """Follows a history."""

    def __init__(self, verdict: Verdict) -> None:
        self._figures = verdict.figures
        self._now: Meanwhile | None = None
        self._away = False
        self._back = 0
        """Since when PostgreSQL, which was away, is there again."""
        self._took: Counter[int] = Counter()
        """Milliseconds -> reads that took so long, while nothing was away."""

    def take(self, record: During) -> None:
        """Note the next record."""
        match record:
            case Fault(kind=kind):
                self._now = self._figures.meanwhile.setdefault(kind, Meanwhile())
                self._away = kind in POSTGRES_AWAY
            case Healed(at=at):
                self._now = None
                if self._away:
                    self._away, self._back = False, at
            case Ok() if self._now is not None:
                self._now.acked += 1
            case Received() if self._now is not None:
                self._now.delivered += 1
            case Read():
                self._read(record)
            case Rebuilt():
                self._rebuilt(record)
            case _:
                pass

    def _read(self, read: Read) -> None:
        figures = self._figures
        figures.reads += 1
        began = read.at - read.ms * _MS
        excused = self._away or (self._back and began < self._back + BACK_S * SECOND_NS)
        waits = read.status == 503 and read.code == "unavailable" and read.retry_after != ""
        if _is_answered(read):
            if not excused:
                self._took[read.ms] += 1
            if self._now is not None:
                self._now.read += 1
        elif waits and excused:
            if self._now is not None:
                self._now.told_to_wait += 1
        else:
            figures.reads_failed += 1
            figures.reads_refused += waits
            if len(figures.failed_reads) < _SHOWN:
                what = f"{read.path}: {read.status or 'no answer'} {read.code}, {read.ms} ms"
                figures.failed_reads.append(what)

    def _rebuilt(self, rebuilt: Rebuilt) -> None:
        figures = self._figures
        figures.rows_compared += rebuilt.rows
        figures.rows_different += rebuilt.different
        figures.rebuild_blocked_ms = max(figures.rebuild_blocked_ms, rebuilt.blocked_ms)

    def judge(self) -> None:
        """Put the times of reads among the figures."""
        left = int(self._took.total() * 0.01)
        for took in sorted(self._took, reverse=True):
            left -= self._took[took]
            if left < 0:
                self._figures.read_p99_ms = took
                return


def _is_answered(read: Read) -> bool:
    """Tell whether a read was served; who has just been removed from a room is told so."""
    return read.status == 200 or (read.status == 403 and read.code == "not_a_member")
