"""What streams workers and the API tell this node over Valkey, and what it tells its sessions of it."""

import asyncio
import logging

from ingest.feed import Feed
from ingest.mutes import Mutes
from ingest.outbox import Outbox
from ingest.people import People
from ingest.presence import Presence, after, between
from ingest.rooms import Rooms, RoomState
from ingest.session import Session
from ingest.sessions import Sessions
from roomlog.cursors import Cursor
from roomlog.deliveries import (
    REVOKED_SESSIONS,
    Attached,
    Events,
    Notify,
    PeopleChanged,
    PresenceDiff,
    Resync,
    Typing,
    decode_delivery,
)
from roomlog.mutes import Mute
from roomlog.partitions import PARTITIONS
from roomlog.protocol.event_frames import timestamp
from roomlog.protocol.frames import (
    Diff,
    Notification,
    PresenceChange,
    TypingShown,
    UserNotice,
    encode_frame,
)
from roomlog.signals import PresenceState

_ANNOUNCE_AGAIN_S = 5.0
_log = logging.getLogger(__name__)


class Hearing:
    """Takes the messages of the node's channels."""

    def __init__(
        self,
        epoch: int,
        rooms: Rooms,
        feed: Feed,
        sessions: Sessions,
        presence: Presence,
        outbox: Outbox,
        mutes: Mutes,
        people: People,
    ) -> None:
        self._epoch, self._rooms, self._feed = epoch, rooms, feed
        self._mutes = mutes
        self._sessions, self._presence, self._outbox = sessions, presence, outbox
        self._people, self._blocks = people, people.blocks
        self._loop = asyncio.get_running_loop()
        self._announced_at = [0.0] * PARTITIONS

    def on_message(self, channel: str, data: bytes) -> None:
        """Take a message; one that makes no sense is skipped."""
        try:
            if channel == REVOKED_SESSIONS:
                self._sessions.revoke(data.decode())
            else:
                self._on_delivery(decode_delivery(data))
        except Exception:
            _log.exception("a message on %s is skipped", channel)

    def _on_delivery(self, delivery: object) -> None:
        match delivery:
            case Events(ranges=ranges):
                self._feed.deliver(ranges)
                self._outbox.flush()
            case Attached(room_id=room_id, state=present):
                self._on_attached(room_id, present)
            case PresenceDiff():
                self._on_presence(delivery)
            case Typing(room_id=room_id, user_id=user):
                self._on_typing(room_id, user)
            case Notify():
                self._on_notify(delivery)
            case Resync(partitions=partitions):
                self._announce(set(partitions))
            case PeopleChanged():
                self._people.hurry()

    def _on_attached(self, room_id: str, present: dict[str, PresenceState]) -> None:
        if (state := self._rooms.get(room_id)) is not None:
            before = self._presence.shown(state)
            state.presence = present
            if diff := between(room_id, before, self._presence.shown(state)):
                self._show_presence(state, diff)
            self._feed.worker_knows(state)

    def _on_presence(self, diff: PresenceDiff) -> None:
        if (state := self._rooms.get(diff.room_id)) is not None:
            state.presence = after(state.presence, diff)
            self._show_presence(state, diff)

    def _show_presence(self, state: RoomState, diff: PresenceDiff) -> None:
        shown = PresenceChange(diff.room_id, Diff(diff.joined, diff.left, diff.away))
        keeping_up = [s for s in state.sessions if not s.stalled_at]
        users = (*diff.joined, *diff.left, *diff.away)
        if self._blocks and (blockers := self._blocks.blockers(users)):
            keeping_up = self._show_to_some(keeping_up, diff, blockers)
        self._outbox.share(keeping_up, encode_frame(shown))

    def _show_to_some(
        self, sessions: list[Session], diff: PresenceDiff, blockers: list[str]
    ) -> list[Session]:
        """Show those whom somebody of the change has blocked the rest of it; return all others."""
        others = []
        for session in sessions:
            hidden = self._blocks.hidden_from(session.user, blockers)
            if not hidden:
                others.append(session)
                continue
            parts = ([u for u in p if u not in hidden] for p in (diff.joined, diff.left, diff.away))
            rest = Diff(*parts)
            if rest.joined or rest.left or rest.away:
                session.write(encode_frame(PresenceChange(diff.room_id, rest)))
        return others

    def _on_typing(self, room_id: str, user: str) -> None:
        if (state := self._rooms.get(room_id)) is not None:
            others = (
                s
                for s in state.sessions
                if s.user != user and not s.stalled_at and not self._blocks.has(user, s.user)
            )
            self._outbox.share(others, encode_frame(TypingShown(room_id, user)))

    def _on_notify(self, told: Notify) -> None:
        user, room = told.user_id, told.room_id
        if not self._sessions.of_user(user):
            return
        if told.sender_id is not None and self._blocks.has(user, told.sender_id):
            return
        if told.kind in ("mention", "direct"):
            self._mutes.when_heard(
                user, room, told.kind, lambda: self._sessions.tell(user, self._notice(told))
            )
            return
        if told.kind == "mute":
            mute = None if told.level is None else Mute(told.level, told.ends_at)
            self._mutes.change(user, room, mute)
        self._sessions.tell(user, self._notice(told))

    def _notice(self, told: Notify) -> bytes:
        cursor = "" if told.offset < 0 else str(Cursor(self._epoch, told.offset))
        at = None if told.at is None else timestamp(told.at)
        return encode_frame(
            UserNotice(
                Notification(
                    told.kind,
                    told.room_id,
                    cursor,
                    told.event_id,
                    told.sender_id,
                    at,
                    told.text,
                    told.events,
                    told.level,
                    None if told.ends_at is None else timestamp(told.ends_at),
                )
            )
        )

    def _announce(self, partitions: set[int]) -> None:
        """Tell a worker that knows nothing of these partitions what this node needs."""
        rooms = [s for s in self._rooms.of_partitions(partitions) if s.announced is not None]
        for state in rooms:
            self._feed.worker_forgot(state)
        self._presence.repeat(partitions, rooms)

    def on_return(self) -> None:
        """Valkey is back: workers may have forgotten this node meanwhile."""
        self._announce(set(self._rooms.partitions()))
        self._people.hurry()

    def on_silence(self, partition: int) -> None:
        """The streams do not bring what the log has: perhaps they were never told, so tell again."""
        now = self._loop.time()
        if now - self._announced_at[partition] > _ANNOUNCE_AGAIN_S:
            self._announced_at[partition] = now
            self._announce({partition})
