"""Following rooms: `sub` with or without a cursor, what was missed, and the end of it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from ingest.feed import Feed
from ingest.kafka import LogReader, LogUnavailable
from ingest.presence import Presence
from ingest.recent import RecentEvents
from ingest.rooms import Rooms, RoomState, no_such_room
from ingest.session import Session
from roomlog import metrics
from roomlog.cursors import BadCursor, Cursor, parse_cursor
from roomlog.errors import ErrorCode, Refused
from roomlog.events import ChatEvent
from roomlog.protocol import (
    ROOMS_PER_SOCKET,
    Ack,
    CaughtUp,
    PresenceSnapshot,
    ResetRoom,
    Subscribe,
    encode_frame,
    failure,
)
from roomlog.rooms import require_member
from schemas.codec import ChatEventCodec, PoisonRecord

MISSED_EVENTS = 10_000
MISSED_SPAN = 500_000
"""Records of the partition that are read at most to find the missed events."""
_TOGETHER = 8
_LINES_A_FRAME = 200
_REACH_S = 5.0
_RETRY_MS = 500

_log = logging.getLogger(__name__)

Render = Callable[[ChatEvent, int, int], bytes]
"""Makes the frame of an event, from it, its offset and that of the room's event before it."""


class GapTooLarge(Exception):
    """More was missed than is worth sending."""


class Following:
    """Lets sessions follow rooms."""

    def __init__(
        self,
        epoch: int,
        rooms: Rooms,
        feed: Feed,
        log: LogReader,
        codec: ChatEventCodec,
        presence: Presence,
        recent: RecentEvents,
        render: Render,
    ) -> None:
        self._epoch, self._rooms, self._feed = epoch, rooms, feed
        self._log, self._codec, self._presence = log, codec, presence
        self._recent, self._render = recent, render
        self._together = asyncio.Semaphore(_TOGETHER)
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, session: Session, command: Subscribe) -> None:
        """Begin to follow a room; raises Refused, or answers later."""
        cursor = self._parsed(command.cursor)
        if command.room not in session.rooms and len(session.rooms) >= ROOMS_PER_SOCKET:
            told = f"room: a socket follows {ROOMS_PER_SOCKET} rooms at most; unsub some"
            raise Refused(ErrorCode.BAD_REQUEST, told)
        token = session.rooms[command.room] = object()
        task = asyncio.get_running_loop().create_task(self._follow(session, command, cursor, token))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _parsed(self, text: str | None) -> Cursor | None:
        if text is None:
            return None
        try:
            return parse_cursor(text)
        except BadCursor as error:
            raise Refused(ErrorCode.BAD_REQUEST, f"cursor: {error}") from error

    async def _follow(
        self, session: Session, command: Subscribe, cursor: Cursor | None, token: object
    ) -> None:
        try:
            state = self._rooms.open(command.room)
            if state.loading is not None:
                await asyncio.shield(state.loading)
            else:
                await self._reach_head(state)
            await self._settle(state, session.user)
            if session.rooms.get(command.room) is not token or not session.is_open:
                raise Refused(ErrorCode.BAD_REQUEST, "room: unsubscribed meanwhile")
            self._admit(session, command, state)
        except Refused as refused:
            if session.rooms.get(command.room) is token:
                del session.rooms[command.room]
            metrics.WS_ERRORS.labels(refused.code.value).inc()
            session.write(failure(command.id, refused))
            return
        if cursor is None:
            self._go_live(session, state)
        elif cursor.epoch != self._epoch:
            self._reset(session, state, "epoch_changed")
        else:
            await self._catch_up(session, state, cursor)

    async def _reach_head(self, state: RoomState) -> None:
        """Wait until this node has seen what clients may have seen on others."""
        try:
            async with asyncio.timeout(_REACH_S):
                await self._feed.reach_head(state.partition)
        except (LogUnavailable, TimeoutError) as error:
            told = "the log cannot be read now; try again"
            raise Refused(ErrorCode.UNAVAILABLE, told, _RETRY_MS) from error

    async def _settle(self, state: RoomState, user: str) -> None:
        """Wait for a join that was sent just before: only when the log has it does it admit anybody."""
        try:
            async with asyncio.timeout(_REACH_S):
                while user in state.view.members and user not in state.room.members:
                    await state.wait_until_settled()
        except TimeoutError as error:
            told = "whether you are a member is not settled yet; try again"
            raise Refused(ErrorCode.UNAVAILABLE, told, _RETRY_MS) from error

    def _admit(self, session: Session, command: Subscribe, state: RoomState) -> None:
        """Answer the command; raises Refused for those who may not follow the room."""
        if not state.room.is_visible_to(session.user):
            raise no_such_room(command.room)
        require_member(state.room, session.user)
        self._feed.flush()  # what was rendered in this turn is older than the cursor of the ack
        self._leave(session, state)
        session.rooms[command.room] = state
        state.used_at = asyncio.get_running_loop().time()
        session.write(encode_frame(Ack(command.id, cursor=self._cursor(state))))

    def _cursor(self, state: RoomState) -> str:
        return str(Cursor(self._epoch, state.room.last_offset))

    def _go_live(self, session: Session, state: RoomState) -> None:
        state.sessions[session] = None
        self._presence.follow(state, session.user)
        self._show_presence(session, state)

    def _show_presence(self, session: Session, state: RoomState) -> None:
        here = dict(state.presence)
        for user, presence in self._presence.of_room(state).items():
            if presence == "online" or user not in here:  # who is away here may be online elsewhere
                here[user] = presence
        session.write_ephemeral(encode_frame(PresenceSnapshot(state.room.room_id, here)))

    # What was missed.

    async def _catch_up(self, session: Session, state: RoomState, cursor: Cursor) -> None:
        upto = state.room.last_offset
        held: list[bytes] = []
        state.joining[session] = held
        self._presence.follow(state, session.user)
        try:
            async with self._together:
                async for lines in self._missed(state, cursor.offset, upto):
                    if state.joining.get(session) is not held:
                        return  # left, disconnected or asked again meanwhile
                    session.write(b"\n".join(lines))
                    await session.drained()
        except GapTooLarge:
            self._leave(session, state)
            self._reset(session, state, "gap_too_large")
            return
        except LogUnavailable as error:
            _log.warning("a resume is given up: %s", error)
            self._leave(session, state)
            session.close(1013, "the log cannot be read now; reconnect and resume")
            return
        if state.joining.get(session) is not held:
            return
        del state.joining[session]
        reached = str(Cursor(self._epoch, max(upto, cursor.offset)))
        session.write(encode_frame(CaughtUp(state.room.room_id, reached)))
        for line in held:
            session.write(line)
        state.sessions[session] = None
        self._show_presence(session, state)

    async def _missed(self, state: RoomState, after: int, upto: int) -> AsyncIterator[list[bytes]]:
        """Yield the frames of the room's events in `(after, upto]`; raises GapTooLarge."""
        if upto - after > MISSED_SPAN:
            raise GapTooLarge
        key, before, count = state.room.room_id.encode(), after, 0
        async for records in self._log.read(state.partition, after + 1, upto + 1):
            lines = []
            for record in records:
                if record.key != key or record.value is None:
                    continue
                try:
                    event = self._codec.decode(record.value)
                    if not self._recent.is_repeat(event.event_id, record.offset):
                        lines.append(self._render(event, record.offset, before))
                        before = record.offset
                except PoisonRecord as error:
                    _log.warning("offset %d is skipped: %s", record.offset, error)
            if (count := count + len(lines)) > MISSED_EVENTS:
                raise GapTooLarge
            for at in range(0, len(lines), _LINES_A_FRAME):
                yield lines[at : at + _LINES_A_FRAME]
            await asyncio.sleep(0)

    def _reset(self, session: Session, state: RoomState, reason: str) -> None:
        session.rooms.pop(state.room.room_id, None)
        frame = ResetRoom(state.room.room_id, reason)  # type: ignore[arg-type]
        session.write(encode_frame(frame))

    # The end.

    def unfollow(self, session: Session, room_id: str) -> None:
        """Stop following a room, or beginning to."""
        session.rooms.pop(room_id, None)
        if (state := self._rooms.get(room_id)) is not None:
            self._leave(session, state)

    def gone(self, state: RoomState, session: Session) -> None:
        """The session's user is no member any more."""
        self._drop(session, state)
        session.rooms.pop(state.room.room_id, None)

    def end(self, session: Session) -> None:
        """The session is over."""
        for room_id in list(session.rooms):
            self.unfollow(session, room_id)

    def _leave(self, session: Session, state: RoomState) -> None:
        if session in state.sessions or session in state.joining:
            self._drop(session, state)

    def _drop(self, session: Session, state: RoomState) -> None:
        state.sessions.pop(session, None)
        state.joining.pop(session, None)
        self._presence.unfollow(state, session.user)
        state.used_at = asyncio.get_running_loop().time()
