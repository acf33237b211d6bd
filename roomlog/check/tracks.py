"""What reached each subscriber of each room, against the log. Pure.

A `Track` is one client in one room, over all its connections. It is cut into segments, one for each `sub`
without a cursor: what is in the log before such a start is not expected.
"""

from msgspec import Struct, field

from roomlog.check.facts import LogEvent
from roomlog.check.history import Frame, Received, Reset, Subscribed, Unfollowed, offset_of
from roomlog.check.logs import RoomLog
from roomlog.check.verdict import Verdict

_OPEN_END = 2**63


class Segment(Struct):
    """What came after one start; offsets as received, repeats of the log left out."""

    start: int
    admitted: int
    """Offset at which a node last let the client follow, or follow on."""
    received: list[int] = field(default_factory=list)
    holes: list[tuple[int, Frame]] = field(default_factory=list)
    """`(last, frame)` of frames whose `prev` lay beyond the last one received."""
    excused: list[tuple[int, int]] = field(default_factory=list)
    """(after, until]: could not be fetched any more, the membership being over."""
    end: int = _OPEN_END


class Track:
    """One client in one room."""

    def __init__(self, client: str, user: str, log: RoomLog) -> None:
        self.client, self.user, self.log = client, user, log
        self.segments: list[Segment] = []
        self.last = -1
        self._seen: set[int] | None = None

    @property
    def segment(self) -> Segment:
        """The segment that is being received."""
        if not self.segments:
            self.segments.append(Segment(-1, -1))
        return self.segments[-1]

    def subscribed(self, record: Subscribed) -> None:
        """A `sub` was acked: go on from what came last, or begin anew after the ack's cursor."""
        if record.cursor is not None and self.segments:
            self.segment.admitted = offset_of(record.start)
            return
        start = offset_of(record.cursor or record.start)
        if self.segments:
            self._end(self.segment, start)
        self.segments.append(Segment(start, offset_of(record.start)))
        self.last, self._seen = start, None

    def _end(self, segment: Segment, at: int = _OPEN_END) -> None:
        """End a segment at an offset, or where the membership ended: to follow on takes a new `sub`."""
        after = max(self.last - 1, segment.admitted)
        removal = self.log.removal_after(self.user, after)
        segment.end = min(segment.end, at, at if removal is None else removal)

    def reset(self) -> None:
        """The node gave up on resuming: what was not received so far is not expected."""
        self.segment.end = min(self.segment.end, self.last)

    def unfollowed(self) -> None:
        """The node does not let the client follow on: what was before its removal cannot come now."""
        removal = self.log.removal_after(self.user, self.last)
        if removal is not None and self.segments:
            self.segment.excused.append((self.last, removal))

    def received(self, frame: Frame, verdict: Verdict) -> LogEvent | None:
        """Take a frame; return the log's event where both are the same."""
        offset = offset_of(frame.cursor)
        event = self.log.events.get(offset)
        if event is None:
            verdict.add("phantom", "delivered, and not in the log", self._where(offset), frame)
            return None
        if not _same(frame, event):
            verdict.add("disagreement", "frame and log differ", self._where(offset), (frame, event))
            event = None
        if offset in self.log.repeats:
            verdict.figures.repeat_frames += 1
            return None
        if not self.log.may_see(self.user, offset):
            verdict.add("phantom", self._leak(offset), self._where(offset), frame)
            return None
        self._place(frame, offset, verdict)
        return event

    def _place(self, frame: Frame, offset: int, verdict: Verdict) -> None:
        before = offset_of(frame.prev)
        if not self.log.seen_before(self.user, offset) <= before < offset:
            what = f"prev is {before}, the log's previous event {self.log.previous[offset]}"
            verdict.add("gap", what, self._where(offset), frame)
        if offset <= self.last:
            self._out_of_order(frame, offset, verdict)
            return
        segment = self.segment
        if self.log.previous[offset] > self.last:
            segment.holes.append((self.last, frame))
        segment.received.append(offset)
        if self._seen is not None:
            self._seen.add(offset)
        self.last = offset

    def _out_of_order(self, frame: Frame, offset: int, verdict: Verdict) -> None:
        if self._seen is None:
            self._seen = set(self.segment.received)
        if offset in self._seen:
            verdict.add("duplicate", "delivered twice", self._where(offset), frame)
            return
        verdict.add("order", f"delivered after offset {self.last}", self._where(offset), frame)
        self.segment.received.append(offset)
        self._seen.add(offset)

    def judge(self, acked: dict[str, int], verdict: Verdict) -> None:
        """Compare what came in all with what had to come."""
        if self.segments:
            self._end(self.segment)
        for segment in self.segments:
            required = self.log.must_see(self.user, segment.start, segment.end)
            missing: set[int] = set()
            if required != segment.received:
                missing = set(required).difference(segment.received)
                missing -= {o for o in missing for low, high in segment.excused if low < o <= high}
            for offset in sorted(missing):
                event = self.log.events[offset]
                told = "acked" if event.id in acked else "in the log"
                verdict.add("lost", f"{told}, not delivered", self._where(offset), event)
            self._judge_holes(segment, missing, verdict)

    def _judge_holes(self, segment: Segment, missing: set[int], verdict: Verdict) -> None:
        for last, frame in segment.holes:
            offset = offset_of(frame.cursor)
            if any(last < m < offset for m in missing):
                what = f"nothing came between {last} and this, and nothing after"
                verdict.add("gap", what, self._where(offset), frame)

    def _leak(self, offset: int) -> str:
        stays = self.log.stays.get(self.user, ())
        ended = [stay.left for stay in stays if stay.left < offset]
        if ended:
            return f"delivered to one whose membership ended at offset {ended[-1]}"
        began = f", who became one at offset {stays[0].entered}" if stays else ""
        return f"delivered to no member{began}"

    def _where(self, offset: int) -> str:
        return f"{self.client} (user {self.user}), room {self.log.room}, offset {offset}"


class Tracks:
    """All subscribers of a history."""

    def __init__(self, logs: dict[str, RoomLog], verdict: Verdict) -> None:
        self._logs, self._verdict = logs, verdict
        self._tracks: dict[tuple[str, str], Track] = {}
        self.users: dict[str, str] = {}
        """Client -> its user."""

    def of(self, client: str, room: str) -> Track:
        """Return the track of a client in a room."""
        found = self._tracks.get((client, room))
        if found is None:
            log = self._logs.setdefault(room, RoomLog(room))
            found = Track(client, self.users.get(client, "?"), log)
            self._tracks[client, room] = found
        return found

    def received(self, record: Received) -> LogEvent | None:
        """Take a frame; return the log's event where both are the same."""
        self._verdict.figures.received += 1
        return self.of(record.client, record.frame.room).received(record.frame, self._verdict)

    def take(self, record: Subscribed | Unfollowed | Reset) -> None:
        """Take what changes which events a client has to get."""
        track = self.of(record.client, record.room)
        match record:
            case Subscribed():
                track.subscribed(record)
            case Unfollowed():
                track.unfollowed()
            case Reset():
                self._verdict.figures.resets += 1
                track.reset()

    def judge(self, acked: dict[str, int]) -> None:
        """Compare every track with the log."""
        for track in self._tracks.values():
            track.judge(acked, self._verdict)


def _same(frame: Frame, event: LogEvent) -> bool:
    return (
        frame.id == event.id
        and frame.d == event.d
        and frame.type == event.type
        and frame.sender == event.sender
        and frame.key == event.key
        and frame.ts == event.ts
    )
