"""Following rooms: `sub` with or without a cursor, what was missed, and the end of it."""

import asyncio
import logging

from ingest.feed import Feed
from ingest.kafka import LogReader, LogUnavailable
from ingest.missed import GapTooLarge, Missed, Render
from ingest.presence import Presence
from ingest.recent import RecentEvents
from ingest.rooms import Resume, Rooms, RoomState, no_such_room
from ingest.session import Session
from roomlog import metrics
from roomlog.cursors import BadCursor, Cursor, parse_cursor
from roomlog.errors import ErrorCode, Refused
from roomlog.protocol.commands import Subscribe
from roomlog.protocol.frames import (
    Ack,
    CaughtUp,
    PresenceSnapshot,
    ResetRoom,
    encode_frame,
    failure,
)
from roomlog.protocol.terms import ROOMS_PER_SOCKET
from roomlog.relations import Blocks
from roomlog.rooms import require_member
from schemas.codec import ChatEventCodec

_TOGETHER = 8
_REACH_S = 5.0
_RETRY_MS = 500

_log = logging.getLogger(__name__)


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
        blocks: Blocks,
    ) -> None:
        self._epoch, self._rooms, self._feed = epoch, rooms, feed
        self._missed, self._presence = Missed(log, codec, recent, render), presence
        self._blocks = blocks
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
            if cursor is not None and self._is_ahead(state, cursor):
                await self._reach_head(state)  # it may be from a node that has seen more
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
        elif cursor.epoch != self._epoch or self._is_ahead(state, cursor):
            self._reset(session, state, "epoch_changed")
        else:
            await self._catch_up(session, state, cursor)

    def _is_ahead(self, state: RoomState, cursor: Cursor) -> bool:
        """Tell whether a cursor is beyond what this node has of the log."""
        known = max(state.room.last_offset + 1, self._feed.complete_to(state.partition))
        return cursor.epoch == self._epoch and cursor.offset >= known

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
        state.sessions.add(session)
        self._presence.follow(state, session.user)
        self._show_presence(session, state)

    def _show_presence(self, session: Session, state: RoomState) -> None:
        here = self._presence.shown(state)
        for hidden in self._blocks.hidden_from(session.user, here):
            del here[hidden]
        session.write_ephemeral(encode_frame(PresenceSnapshot(state.room.room_id, here)))

    def show_presence_again(self, session: Session) -> None:
        """Tell a session anew who is in its rooms: who has blocked its user has changed."""
        for state in session.rooms.values():
            if isinstance(state, RoomState) and session in state.sessions:
                self._show_presence(session, state)

    # What was missed.

    async def _catch_up(self, session: Session, state: RoomState, cursor: Cursor) -> None:
        upto = state.room.last_offset
        resume = state.joining[session] = Resume()
        self._presence.follow(state, session.user)
        try:
            async with self._together:
                async for lines in self._missed.frames(state, session.user, cursor.offset, upto):
                    if resume.is_dropped or not session.is_open:
                        break  # left, disconnected or asked again meanwhile
                    session.write(b"\n".join(lines))
                    await session.drained()
        except GapTooLarge:
            if not resume.is_dropped:
                self._leave(session, state)
                self._reset(session, state, "gap_too_large")
        except LogUnavailable as error:
            _log.warning("a resume is given up: %s", error)
            session.close(1013, "the log cannot be read now; reconnect and resume")
        if not resume.is_dropped:
            self._caught_up(session, state, resume, upto)

    def _caught_up(self, session: Session, state: RoomState, resume: Resume, upto: int) -> None:
        if resume.is_removed or not session.is_open:
            self._leave(session, state)
        else:
            del state.joining[session]
            state.sessions.add(session)
        reached = str(Cursor(self._epoch, upto))
        session.write(encode_frame(CaughtUp(state.room.room_id, reached)))
        for line in resume.held:
            session.write(line)
        if session in state.sessions:
            self._show_presence(session, state)

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
        resume = state.joining.get(session)
        if resume is None:
            self._drop(session, state)
        elif not resume.is_removed:  # what was before the removal is still on its way
            resume.is_removed = True
            self._presence.unfollow(state, session.user)
        session.rooms.pop(state.room.room_id, None)

    def end(self, session: Session) -> None:
        """The session is over."""
        for room_id in list(session.rooms):
            self.unfollow(session, room_id)

    def _leave(self, session: Session, state: RoomState) -> None:
        if session in state.sessions or session in state.joining:
            self._drop(session, state)

    def _drop(self, session: Session, state: RoomState) -> None:
        state.sessions.discard(session)
        resume = state.joining.pop(session, None)
        if resume is not None:
            resume.is_dropped = True
        if resume is None or not resume.is_removed:
            self._presence.unfollow(state, session.user)
        state.used_at = asyncio.get_running_loop().time()
