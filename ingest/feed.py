"""What is new in the log reaches the rooms of this node, each event once and in the order of the log.

Three ways lead here: the streams' deliveries, which are fast and may get lost; what this node has just
written itself; and the log. For each partition `next` is the offset below which every room of this node
is complete. A delivery that begins beyond it leaves a gap, which is read from the log first; and when
the log's head has been ahead for some time (the streams are away, or the last delivery of a quiet room
was lost), this node reads on by itself: its own tail. A delivery moves `next` on only while the streams
know every room that is here: what they do not know is not in it. A delivery may have been begun before they
came to know a room, so they bring it only once the log has been read up to the head that it had after that.

What this node has written is complete only when everything before it is here: not before that is it known
whether it took effect (its sender may have been removed elsewhere meanwhile), and what to answer.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from ingest.heads import HeadsNow
from ingest.kafka import LogReader, LogUnavailable, Record
from ingest.rooms import Rooms, RoomState
from ingest.writes import Write
from roomlog import metrics
from roomlog.deliveries import Range
from roomlog.partitions import PARTITIONS

LOOK_EVERY_S = 0.25
BEHIND_S = 0.3
_HURRY_S = 0.05
"""How long an answer waits for the streams to bring what stands before it, until the log is read."""
_AFTER_ATTACHED_S = 0.03
_RETRY_S = 0.5
_MOST_WAITING = 2_000
"""Records of a partition: a node that reads the log more slowly than others write has no end of them else."""
_log = logging.getLogger(__name__)

OnRecord = Callable[[RoomState, int, bytes], None]
OnOwn = Callable[[RoomState, Write], None]
OnComplete = Callable[[list[Write]], None]


class Place:
    """How far this node is in a partition."""

    __slots__ = (
        "held",
        "hurry",
        "next",
        "own",
        "reading",
        "seen",
        "seen_at",
        "settling",
        "soon",
        "tailing",
        "unknown",
        "waiting",
    )

    def __init__(self) -> None:
        self.next = -1
        """-1: no room here yet."""
        self.reading: asyncio.Task[None] | None = None
        self.waiting: list[Range] = []
        """Deliveries that came while the log was read."""
        self.held = 0
        """How many records they have."""
        self.own: deque[tuple[int, list[Write]]] = deque()
        """What this node has written and is not complete yet, each with the offset of its first record."""
        self.hurry: asyncio.TimerHandle | None = None
        self.seen = -1
        self.seen_at = 0.0
        """A head of the log that this node has still to reach, and since when."""
        self.unknown: set[RoomState] = set()
        """The live rooms that the streams are not known to bring, without a gap."""
        self.settling: set[RoomState] = set()
        """Those of them that the streams do bring by now, once the log has been read up to its head."""
        self.soon: asyncio.TimerHandle | None = None
        self.tailing = False
        """Whether this node read the latest events by itself, because the streams did not bring them."""


class Feed:
    """Brings records to rooms: `on_record(state, offset, value)`, or for what this node wrote itself
    `on_own(state, write)`; then `on_turn()`. `on_complete(writes)` tells that everything up to what this
    node wrote is here.

    `on_silence(partition)` tells that the streams do not bring what the log has.
    """

    def __init__(
        self,
        rooms: Rooms,
        log: LogReader,
        heads: list[int],
        on_record: OnRecord,
        on_own: OnOwn,
        on_complete: OnComplete,
        on_turn: Callable[[], None],
        on_silence: Callable[[int], None],
    ) -> None:
        self._rooms, self._log, self._heads = rooms, log, heads
        self._on_record, self._on_own, self._on_complete = on_record, on_own, on_complete
        self._on_turn, self._on_silence = on_turn, on_silence
        self._heads_now = HeadsNow(log)
        self._places = [Place() for _ in range(PARTITIONS)]
        self._loop = asyncio.get_running_loop()

    def room_is_live(self, state: RoomState, complete_to: int) -> None:
        """Take up a room that is complete below an offset, with what came while it was loaded."""
        place = self._places[state.partition]
        if place.next < 0:
            place.next = complete_to
        backlog, state.backlog = state.backlog, []
        if state.attached.is_set() and not state.was_forgotten:
            for offset, value in backlog:
                self._on_record(state, offset, value)
            self._on_turn()
            return
        place.next = min(place.next, complete_to)
        place.unknown.add(state)
        if state.attached.is_set():
            self._read_soon(state.partition)

    def flush(self) -> None:
        """Give the sessions what this turn has brought so far."""
        self._on_turn()

    def let_go(self, state: RoomState) -> None:
        """The room is not here any more."""
        place = self._places[state.partition]
        place.unknown.discard(state)
        if not self._rooms.has_any(state.partition):
            place.next = -1
            self._complete_own(state.partition)

    def complete_to(self, partition: int) -> int:
        """Return the offset below which every room here is complete, -1 where none is here."""
        return self._places[partition].next

    def lag(self) -> dict[int, int]:
        """Return how many offsets this node is behind the log, by partition with rooms here."""
        places = enumerate(self._places)
        return {n: max(0, self._heads[n] - p.next) for n, p in places if p.next >= 0}

    # The fast path.

    def deliver(self, ranges: list[Range]) -> None:
        """Take a delivery of the streams."""
        for found in ranges:
            place = self._places[found.partition]
            if place.reading is not None:
                self._wait(place, found)
            else:
                self._take(place, found)
                self._complete_own(found.partition)
        self._on_turn()

    def _wait(self, place: Place, found: Range) -> None:
        """Keep a delivery until the log was read; where too much waits, the log has it all as well."""
        place.held += len(found.records)
        if place.held > _MOST_WAITING:
            stop = max(each.stop for each in (*place.waiting, found))
            place.waiting, place.held = [], 0
            found = Range(found.partition, stop, stop, [])  # so that it is read up to there
        place.waiting.append(found)

    def _take(self, place: Place, found: Range) -> None:
        if 0 <= place.next < found.start:
            self._wait(place, found)
            self._read(found.partition, found.start)
            return
        for offset, room_id, value in found.records:
            state = self._rooms.get(room_id)
            if state is not None and state.attached.is_set() and state not in place.unknown:
                self._bring(state, offset, value)
        if 0 <= place.next < found.stop and not place.unknown:
            place.next, place.tailing = found.stop, False
        self._heads[found.partition] = max(self._heads[found.partition], found.stop)

    def _bring(self, state: RoomState, offset: int, value: bytes) -> None:
        if state.live:
            self._on_record(state, offset, value)
        elif state.attached.is_set():
            state.backlog.append((offset, value))

    def take_own(self, partition: int, base: int, writes: list[Write]) -> None:
        """Take what this node has just written at `base`; if it is next, nobody need bring it back."""
        self._places[partition].own.append((base, writes))
        self._complete_own(partition)
        self._on_turn()

    def _complete_own(self, partition: int) -> None:
        place = self._places[partition]
        while place.own:
            base, writes = place.own[0]
            if place.next == base and place.reading is None:
                self._bring_own(place, writes)
            last = max((w.offset for w in writes if w.event_id), default=-1)
            if 0 <= place.next <= last:
                if place.hurry is None:
                    delay = 0.0 if place.tailing else _HURRY_S
                    place.hurry = self._loop.call_later(delay, self._read_for_own, partition, last)
                return
            place.own.popleft()
            self._on_complete(writes)

    def late(self, deadline: float) -> list[Write]:
        """Return the writes received before a deadline that the log has, and not yet all before them."""
        return [
            write
            for place in self._places
            for _, writes in place.own
            for write in writes
            if write.reply is not None and write.received_at < deadline
        ]

    def _bring_own(self, place: Place, writes: list[Write]) -> None:
        for write in writes:
            if write.value is not None:
                place.next = write.offset + 1
                state = self._rooms.get(write.room_id)
                if state is not None and state.live:
                    self._on_own(state, write)

    def _read_for_own(self, partition: int, last: int) -> None:
        place = self._places[partition]
        place.hurry = None
        if place.next <= last:
            self._read(partition, last + 1)
        else:
            self._complete_own(partition)

    # The log itself.

    def worker_forgot(self, state: RoomState) -> None:
        """The streams may not bring a room's events any more."""
        state.attached.clear()
        state.was_forgotten = True
        place = self._places[state.partition]
        place.settling.discard(state)
        if state.live:
            place.unknown.add(state)

    def worker_knows(self, state: RoomState) -> None:
        """The streams bring a room's events from now on; the log has what they did not bring before."""
        state.attached.set()
        if state in self._places[state.partition].unknown:
            self._read_soon(state.partition)

    def _read_soon(self, partition: int) -> None:
        place = self._places[partition]
        if place.soon is None:
            place.soon = self._loop.call_later(_AFTER_ATTACHED_S, self._read_now, partition)

    def _read_now(self, partition: int) -> None:
        self._places[partition].soon = None
        self._read(partition, None)

    async def reach_head(self, partition: int) -> None:
        """Wait until this node has all that the log has right now; raises LogUnavailable."""
        head = await self._heads_now.get(partition)
        place = self._places[partition]
        while 0 <= place.next < head:
            if place.reading is None:
                self._read(partition, head)
            if place.reading is not None:
                await asyncio.wait([place.reading])

    def _read(self, partition: int, stop: int | None) -> None:
        place = self._places[partition]
        if place.reading is None and place.next >= 0:
            place.reading = self._loop.create_task(self._read_on(partition, place, stop))

    async def _read_on(self, partition: int, place: Place, stop: int | None) -> None:
        try:
            if stop is None:
                place.settling = {state for state in place.unknown if state.attached.is_set()}
                stop = await self._log.head(partition)
            if stop > place.next:
                metrics.GAPS_REPAIRED.total += 1
                await self._read_stretch(partition, place, stop)
            if place.next >= stop:
                place.unknown -= place.settling
        except LogUnavailable as error:
            _log.warning("a gap waits: %s", error, extra={"partition": partition})
            await asyncio.sleep(_RETRY_S)
        finally:
            place.reading = None
            place.settling = set()
        if any(state.attached.is_set() for state in place.unknown):
            self._read_soon(partition)
        waiting, place.waiting, place.held = place.waiting, [], 0
        self.deliver(waiting)
        self._complete_own(partition)
        self._on_turn()

    async def _read_stretch(self, partition: int, place: Place, stop: int) -> None:
        at = place.next
        async for records in self._log.read(partition, at, stop):
            if place.next != at:
                break  # a room was taken up that needs more: read again from there
            for record in records:
                self._bring_record(record)
            at = place.next = records[-1].offset + 1
            self._complete_own(partition)
            self._on_turn()
            await asyncio.sleep(0)  # a long gap leaves room for others
        if place.next == at:
            place.next = max(at, stop)
        elif place.next >= 0:
            self._read_soon(partition)

    def _bring_record(self, record: Record) -> None:
        if record.key is not None and record.value is not None:
            state = self._rooms.get(record.key.decode(errors="replace"))
            if state is not None:
                self._bring(state, record.offset, record.value)

    async def watch(self) -> None:
        """Look at the log's heads for ever, and read where the streams do not bring what is there."""
        while True:
            await self._rooms.some.wait()
            await asyncio.sleep(LOOK_EVERY_S)
            if partitions := self._rooms.partitions():
                with suppress(LogUnavailable, TimeoutError):
                    self._compare(await self._log.heads(partitions), self._loop.time())

    def _compare(self, heads: dict[int, int], now: float) -> None:
        for partition, head in heads.items():
            self._heads[partition] = max(self._heads[partition], head)
            place = self._places[partition]
            if place.next < 0 or place.next >= place.seen:
                place.seen, place.seen_at = head, now
            if 0 <= place.next < head and (place.tailing or now - place.seen_at > BEHIND_S):
                if not place.tailing:
                    self._on_silence(partition)
                place.tailing = True
                self._read(partition, head)
