"""What a client says, line by line, and who takes care of it."""

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import assert_never

from ingest.deciding import require_open
from ingest.following import Following
from ingest.limits import RateLimits
from ingest.marks import ReadMarks
from ingest.own import OwnFacts
from ingest.presence import Presence
from ingest.rooms import Rooms
from ingest.session import Session
from ingest.signals import Signals
from ingest.writer import Writer
from roomlog import ids, metrics
from roomlog.errors import ErrorCode, Refused
from roomlog.protocol.commands import (
    AnyCommand,
    Authenticate,
    ChangePresence,
    MarkRead,
    MuteRoom,
    NotifyTyping,
    Ping,
    ReadNotifications,
    RoomCommand,
    Subscribe,
    UnmuteRoom,
    Unsubscribe,
)
from roomlog.protocol.decoding import command_id, decode_command
from roomlog.protocol.frames import PONG, Ack, encode_frame, failure
from roomlog.protocol.terms import Acting
from roomlog.relations import Blocks
from roomlog.rooms import require_member
from roomlog.signals import UserTyping
from roomlog.tokens import BadToken, Verifier

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK_SKEW = timedelta(minutes=5)
_BRIDGES = "{}: only a token of scope bridge may use it"
_log = logging.getLogger(__name__)


class Commands:
    """Reads frames and hands their commands on; every command with an id gets exactly one answer."""

    def __init__(
        self,
        writer: Writer,
        following: Following,
        rooms: Rooms,
        signals: Signals,
        presence: Presence,
        marks: ReadMarks,
        own: OwnFacts,
        verifier: Verifier,
        limits: RateLimits | None,
        blocks: Blocks,
    ) -> None:
        self._writer, self._following, self._rooms = writer, following, rooms
        self._signals, self._presence, self._marks = signals, presence, marks
        self._own = own
        self._verifier, self._limits = verifier, limits
        self._blocks = blocks
        self._loop = asyncio.get_running_loop()
        self._counts: dict[str, int] = {}

    def on_frame(self, session: Session, frame: bytes) -> None:
        """Carry out the commands of a text frame, one a line."""
        lines = frame.split(b"\n") if b"\n" in frame else (frame,)
        for line in lines:
            if not line and len(lines) > 1:
                continue  # a line break at the end
            try:
                command = decode_command(line)
            except Refused as refused:
                self._answer(session, command_id(line), refused)
                continue
            except UnicodeDecodeError:
                session.refuse_text()
                return
            try:
                self._carry_out(session, command)
            except Refused as refused:
                self._answer(session, command.id, refused)

    def _answer(self, session: Session, number: int | None, refused: Refused) -> None:
        metrics.WS_ERRORS.labels(refused.code.value).inc()
        session.write(failure(number, refused))

    def count(self) -> None:
        """Bring the metrics up to date."""
        counts, self._counts = self._counts, {}
        for name, number in counts.items():
            metrics.WS_COMMANDS.labels(name).inc(number)

    def _carry_out(self, session: Session, command: AnyCommand) -> None:
        kind = type(command)
        self._counts[kind.__name__] = self._counts.get(kind.__name__, 0) + 1
        token = session.token
        if self._limits is not None and not token.is_bridge:
            self._limit(self._limits, session.user)
        if isinstance(command, Acting):
            self._write(session, command)
            return
        match command:
            case Subscribe():
                self._following.follow(session, command)
            case Unsubscribe():
                self._following.unfollow(session, command.room)
                session.write(encode_frame(Ack(command.id)))
            case MarkRead():
                self._marks.take(session, command)
            case ReadNotifications() | MuteRoom() | UnmuteRoom():
                self._own.take(session.write, _sender(session, command.as_), command)
            case NotifyTyping():
                self._typing(session, command)
            case ChangePresence():
                self._show(session, command)
            case Ping():
                session.write(PONG if command.id is None else b'{"op":"pong","id":%d}' % command.id)
            case Authenticate():
                self._renew(session, command)
            case _:
                assert_never(command)

    def _limit(self, limits: RateLimits, user: str) -> None:
        if wait_ms := limits.take(user, self._loop.time()):
            metrics.WS_EVENTS_RATE_LIMITED.total += 1
            told = "too many commands; wait as long as retry_after_ms says"
            raise Refused(ErrorCode.RATE_LIMITED, told, wait_ms)

    def _write(self, session: Session, command: RoomCommand) -> None:
        if command.as_ is None and command.at is None:
            self._writer.submit(command, session.write, session.user, None)
            return
        sender = _sender(session, command.as_)
        if not session.token.is_bridge:
            raise Refused(ErrorCode.FORBIDDEN, _BRIDGES.format("at"))
        if command.at is not None and not (
            _EARLIEST <= command.at < datetime.now(UTC) + _CLOCK_SKEW
        ):
            raise Refused(ErrorCode.BAD_REQUEST, "at: not between 1970 and now")
        self._writer.submit(command, session.write, sender, session.user)

    def _typing(self, session: Session, command: NotifyTyping) -> None:
        state = self._rooms.get(command.room)
        if state is None or not state.live or command.room not in session.rooms:
            raise Refused(ErrorCode.NOT_A_MEMBER, "room: sub it before typing in it")
        require_member(state.view, session.user)
        if state.view.kind == "direct":
            require_open(self._blocks, state.view, session.user, state.view.members)
        self._signals.send(command.room, UserTyping(command.room, session.user))
        if command.id is not None:
            session.write(encode_frame(Ack(command.id)))

    def _show(self, session: Session, command: ChangePresence) -> None:
        if session.token.is_bridge:
            raise Refused(ErrorCode.FORBIDDEN, "state: a bridge is not shown as present")
        self._presence.change_session(session.user, session.presence, command.state)
        session.presence = command.state
        session.write(encode_frame(Ack(command.id)))

    def _renew(self, session: Session, command: Authenticate) -> None:
        try:
            claims = self._verifier.verify(command.token)
        except BadToken as error:
            raise Refused(ErrorCode.FORBIDDEN, f"token: {error}; sign in again") from error
        if claims.user_id != session.user:
            raise Refused(ErrorCode.FORBIDDEN, "token: it belongs to another user")
        if claims.expires_at > time.time():
            session.token, session.session_id = claims, claims.session_id
        session.write(encode_frame(Ack(command.id)))


def _sender(session: Session, named: str | None) -> str:
    """Return who a command is from: `named` where a bridge says so; raises Refused."""
    if named is None:
        return session.user
    if not session.token.is_bridge:
        raise Refused(ErrorCode.FORBIDDEN, _BRIDGES.format("as"))
    if not ids.is_id(named):
        raise Refused(ErrorCode.BAD_REQUEST, "as: not a user id")
    return named
