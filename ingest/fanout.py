"""An event of the log goes to the sessions that follow its room: rendered once, the same bytes for all."""

import logging
import time
from collections.abc import Callable

from ingest.followers import Followers
from ingest.recent import RecentEvents
from ingest.rooms import MOVES_ROOM, RoomState
from ingest.session import Session
from ingest.targets import Targets
from ingest.writes import Write
from roomlog import metrics
from roomlog.cursors import cursor_text
from roomlog.events import (
    ChatEvent,
    MemberLeft,
    MemberRemoved,
    MessageDeleted,
    MessagePosted,
    MessageRestored,
)
from roomlog.protocol.commands import PostMessage
from roomlog.protocol.event_frames import event_frame
from roomlog.rooms import fold_plain
from roomlog.tracing import Span, Tracing, is_context
from schemas.codec import ChatEventCodec, PoisonRecord

_MOVES_ROOM = frozenset(t.__name__ for t in MOVES_ROOM)
_POSTED = MessagePosted.__name__
_log = logging.getLogger(__name__)

OnGone = Callable[[RoomState, Session], None]
Share = Callable[[Followers, bytes], None]


class FanOut:
    """Moves rooms along the log and shows the events to their sessions.

    `share` sends lines to all who follow a room; `on_gone` is called for each session that follows the room of a
    member who left it.
    """

    def __init__(
        self,
        codec: ChatEventCodec,
        recent: RecentEvents,
        targets: Targets,
        epoch: int,
        share: Share,
        on_gone: OnGone,
        tracing: Tracing | None = None,
    ) -> None:
        self._codec, self._recent, self._epoch = codec, recent, epoch
        self._targets = targets
        self._share, self._on_gone = share, on_gone
        self._rooms: list[RoomState] = []
        self._occurred_at = 0
        self._tracing = tracing
        self._spans: list[Span] = []
        """Of traced events that the sessions get in this turn."""

    def take(
        self, state: RoomState, offset: int, value: bytes, event: ChatEvent | None = None
    ) -> None:
        """Apply a record of the room's log; one that the room is past already changes nothing.

        `event` is what the record holds, where that is known.
        """
        if offset <= state.room.last_offset:
            return
        try:
            if state.sessions or state.joining:
                self._show(state, offset, event or self._codec.decode(value))
            else:
                self._follow_quietly(state, offset, value)
        except PoisonRecord as error:
            _log.warning("skipped: %s", error, extra=_place(state, offset))
        except Exception:
            _log.exception("skipped", extra=_place(state, offset))

    def take_own(self, state: RoomState, write: Write) -> None:
        """Apply what this node wrote itself; a post that nobody here looks at need not be read."""
        quiet = not state.sessions and not state.joining and not state.room.is_watched
        if quiet and type(write.command) is PostMessage:
            if fold_plain(state.room, write.sender, write.offset):
                self._targets.note(state, write.event_id, write.sender)
        elif write.value is not None:
            self.take(state, write.offset, write.value, write.event)

    def _follow_quietly(self, state: RoomState, offset: int, value: bytes) -> None:
        """Nobody looks: read no more of the record than the room's state needs."""
        event_id, kind, sender = self._codec.glance(value)
        if self._recent.is_repeat(event_id, offset):
            return
        if kind not in _MOVES_ROOM and not state.room.is_watched:
            if fold_plain(state.room, sender, offset) and kind == _POSTED:
                self._targets.note(state, event_id, sender)
            return
        event = self._codec.decode(value)
        if not state.fold(event, offset):
            return
        if kind == _POSTED:
            self._targets.note(state, event_id, sender)
        else:
            self._targets.note_change(state, event)

    def _show(self, state: RoomState, offset: int, event: ChatEvent) -> None:
        if self._recent.is_repeat(event.event_id, offset):
            return
        body, before = event.body, state.room.last_offset
        if type(body) in MOVES_ROOM or state.room.is_watched:
            took_effect = state.fold(event, offset)
        else:
            took_effect = fold_plain(state.room, event.sender_id, offset)
        if not took_effect:
            return
        if not state.frames:
            self._rooms.append(state)
        if event.trace is not None:
            self._trace(state, offset, event.trace)
        state.frames.append(self.render(event, offset, before))
        if event.via is None:
            self._occurred_at = event.occurred_at
        if type(body) is MessagePosted:
            self._targets.note(state, event.event_id, event.sender_id)
        elif isinstance(body, MessageDeleted | MessageRestored):
            self._targets.note_change(state, event)
        elif isinstance(body, MemberLeft | MemberRemoved):
            self._end_following(state, body.user_id)

    def _trace(self, state: RoomState, offset: int, context: str) -> None:
        if self._tracing is not None and is_context(context):
            about = _place(state, offset)
            self._spans.append(self._tracing.follow("deliver", "consumer", context, **about))

    def render(self, event: ChatEvent, offset: int, before: int) -> bytes:
        """Return the frame of an event; `before` is the offset of the room's event before it."""
        epoch = self._epoch
        return event_frame(event, cursor_text(epoch, offset), cursor_text(epoch, before))

    def _end_following(self, state: RoomState, user: str) -> None:
        """What the log has after a removal does not reach the removed."""
        self._give(state)
        for session in [*state.sessions, *state.joining]:
            if session.user == user:
                self._on_gone(state, session)

    def end_turn(self) -> None:
        """Give the sessions what was rendered since the last call."""
        rooms, self._rooms = self._rooms, []
        for state in rooms:
            self._give(state)
        if self._spans:
            spans, self._spans = self._spans, []
            for span in spans:
                span.end()
        if self._occurred_at:
            # Once a turn: the time of each event would cost as much as sending it.
            metrics.DELIVERY_SECONDS.add(max(0.0, time.time() - self._occurred_at / 1e6))
            self._occurred_at = 0

    def _give(self, state: RoomState) -> None:
        frames, state.frames = state.frames, []
        if not frames:
            return
        data = frames[0] if len(frames) == 1 else b"\n".join(frames)
        self._share(state.sessions, data)
        for resume in state.joining.values():
            resume.hold(data)
        metrics.WS_EVENTS_EMITTED.total += len(frames) * len(state.sessions)


def _place(state: RoomState, offset: int) -> dict[str, str | int]:
    return {"room_id": state.room.room_id, "partition": state.partition, "offset": offset}
