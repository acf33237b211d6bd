"""`read`: how far a user has read a room, into topic chat.reads, and to the user's other devices.

A marker only goes forward. The newest one of each user and room is in Valkey, written there once Kafka
has it, so an older device cannot take it back and a repeated one costs no record. With Valkey away every
marker is written; readers take the largest.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, NamedTuple

from aiokafka.errors import KafkaError

from ingest.kafka import Appender, LogReader, LogUnavailable
from ingest.rooms import Rooms, RoomState
from ingest.session import Session
from ingest.signals import Signals
from ingest.valkey import Markers
from roomlog import metrics
from roomlog.cursors import BadCursor, parse_cursor
from roomlog.errors import ErrorCode, Refused
from roomlog.protocol.commands import MarkRead
from roomlog.protocol.frames import Ack, encode_frame, failure
from roomlog.reads import ReadEvent, ReadMarked, record_key
from roomlog.rooms import require_member
from roomlog.signals import UserNotified
from schemas.codec import Codec

_RETRY_MS = 1_000


class Mark(NamedTuple):
    """A `read` on its way: everything up to `offset` of the room's partition."""

    session: Session
    command_id: int
    room_id: str
    offset: int

    @property
    def place(self) -> tuple[str, str]:
        """The user and the room."""
        return self.session.user, self.room_id


class ReadMarks:
    """Takes `read` commands; those of one turn of the event loop travel together."""

    def __init__(
        self,
        node: str,
        epoch: int,
        rooms: Rooms,
        log: LogReader,
        heads: list[int],
        reads: Appender,
        codec: Codec[ReadEvent],
        markers: Markers,
        signals: Signals,
    ) -> None:
        self._node, self._epoch = node, epoch
        self._rooms, self._log, self._heads = rooms, log, heads
        self._reads, self._codec = reads, codec
        self._markers, self._signals = markers, signals
        self._turn: list[Mark] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._writing = False

    def take(self, session: Session, command: MarkRead) -> None:
        """Take a command, answered later; raises Refused."""
        offset = self._parsed(command.cursor)
        state = self._rooms.open(command.room)
        mark = Mark(session, command.id, command.room, offset)
        if state.live and offset < self._heads[state.partition]:
            self._admit(state, mark)
        else:
            self._spawn(self._admit_later(state, mark))

    def _parsed(self, text: str) -> int:
        try:
            cursor = parse_cursor(text)
        except BadCursor as error:
            raise Refused(ErrorCode.BAD_REQUEST, f"cursor: {error}") from error
        if cursor.epoch != self._epoch:
            told = "cursor: of another epoch of the log; read the room again"
            raise Refused(ErrorCode.BAD_REQUEST, told)
        return cursor.offset

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _admit_later(self, state: RoomState, mark: Mark) -> None:
        """Admit a mark whose room is still being loaded, or whose event came by way of another node."""
        try:
            if state.loading is not None:
                await asyncio.shield(state.loading)
            require_member(state.view, mark.session.user)  # strangers learn nothing of the log
            if mark.offset >= self._heads[state.partition]:
                await self._require_event(state, mark.offset)
            self._admit(state, mark)
        except Refused as refused:
            _refuse(mark, refused)

    async def _require_event(self, state: RoomState, offset: int) -> None:
        try:
            head = await self._log.head(state.partition)
        except LogUnavailable as error:
            raise _unavailable() from error
        if offset >= head:
            raise Refused(ErrorCode.BAD_REQUEST, "cursor: the log has nothing there yet")

    def _admit(self, state: RoomState, mark: Mark) -> None:
        require_member(state.view, mark.session.user)
        self._turn.append(mark)
        if not self._writing:
            self._writing = True
            self._spawn(self._write())

    async def _write(self) -> None:
        try:
            await asyncio.sleep(0)  # what else comes in this turn
            while self._turn:
                marks, self._turn = self._turn, []
                await self._write_some(marks)
        finally:
            self._writing = False

    async def _write_some(self, marks: list[Mark]) -> None:
        newest: dict[tuple[str, str], int] = {}
        for mark in marks:
            newest[mark.place] = max(mark.offset, newest.get(mark.place, -1))
        known = await self._markers.newest(list(newest))
        new = {place: at for place, at in newest.items() if at > known.get(place, -1)}
        try:
            await self._reads.append([self._record(*place, at) for place, at in new.items()])
        except (KafkaError, TimeoutError, OSError):
            for mark in marks:
                _refuse(mark, _unavailable())
            return
        await self._markers.advance(new)
        for (user, room), at in new.items():
            self._signals.send(user, UserNotified(user, "read", room, at))
        for mark in marks:
            at = max(newest[mark.place], known.get(mark.place, -1))
            mark.session.write(encode_frame(Ack(mark.command_id, cursor=f"{self._epoch}:{at}")))

    def _record(self, user: str, room: str, offset: int) -> tuple[bytes, bytes]:
        now = time.time_ns() // 1_000
        value = self._codec.encode(ReadEvent(user, room, now, self._node, ReadMarked(offset)))
        return record_key(user, room).encode(), value


def _refuse(mark: Mark, refused: Refused) -> None:
    metrics.WS_ERRORS.labels(refused.code.value).inc()
    mark.session.write(failure(mark.command_id, refused))


def _unavailable() -> Refused:
    return Refused(ErrorCode.UNAVAILABLE, "the log does not answer; send it again", _RETRY_MS)
