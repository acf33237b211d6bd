"""What is a person's own: read notifications and muted rooms, into topic chat.reads, and to their devices.

The newest record of a key counts, so commands of one key are written in the order in which they came.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import compress
from typing import NamedTuple

from aiokafka.errors import KafkaError

from ingest.kafka import Appender
from ingest.rooms import Rooms
from ingest.signals import Signals
from roomlog import ids, metrics
from roomlog.errors import ErrorCode, Refused
from roomlog.protocol.commands import MuteRoom, PersonalCommand, ReadNotifications, UnmuteRoom
from roomlog.protocol.frames import Ack, encode_frame, failure
from roomlog.reads import (
    NotificationRead,
    ReadBody,
    ReadEvent,
    RoomMuted,
    RoomUnmuted,
    mute_key,
    notification_key,
)
from roomlog.rooms import require_member
from roomlog.signals import UserNotified
from roomlog.times import micros
from schemas.codec import Codec

_RETRY_MS = 1_000

Write = Callable[[bytes], None]


class _Own(NamedTuple):
    """A command on its way."""

    write: Write
    user: str
    command: PersonalCommand


class OwnFacts:
    """Takes the commands; those of one turn of the event loop travel together."""

    def __init__(
        self, node: str, rooms: Rooms, reads: Appender, codec: Codec[ReadEvent], signals: Signals
    ) -> None:
        self._node, self._rooms, self._reads = node, rooms, reads
        self._codec, self._signals = codec, signals
        self._waiting: list[_Own] = []
        self._task: asyncio.Task[None] | None = None

    def take(self, write: Write, user: str, command: PersonalCommand) -> None:
        """Take a command of a user, answered later through `write`; raises Refused."""
        match command:
            case ReadNotifications(events=events) if not all(map(ids.is_id, events)):
                raise Refused(ErrorCode.BAD_REQUEST, "events: not all of them are event ids")
            case MuteRoom(until=until) if until is not None and until <= datetime.now(UTC):
                raise Refused(ErrorCode.BAD_REQUEST, "until: in the past; leave it out for ever")
        self._waiting.append(_Own(write, user, command))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            await asyncio.sleep(0)  # what else comes in this turn
            while self._waiting:
                taken, self._waiting = self._waiting, []
                allowed = await asyncio.gather(*map(self._is_allowed, taken))
                await self._write(list(compress(taken, allowed)))
        finally:
            self._task = None

    async def _is_allowed(self, own: _Own) -> bool:
        """Tell whether somebody may; answers them if not."""
        if isinstance(own.command, ReadNotifications):
            return True
        try:
            state = self._rooms.open(own.command.room)
            if state.loading is not None:
                await asyncio.shield(state.loading)
            require_member(state.view, own.user)
        except Refused as refused:
            _refuse(own, refused)
            return False
        return True

    async def _write(self, taken: list[_Own]) -> None:
        try:
            await self._reads.append([record for own in taken for record in self._records(own)])
        except (KafkaError, TimeoutError, OSError):
            told = "the log does not answer; send it again"
            for own in taken:
                _refuse(own, Refused(ErrorCode.UNAVAILABLE, told, _RETRY_MS))
            return
        for own in taken:
            self._signals.send(own.user, _signal(own))
            own.write(encode_frame(Ack(own.command.id)))

    def _records(self, own: _Own) -> list[tuple[bytes, bytes]]:
        user, command = own.user, own.command
        match command:
            case ReadNotifications(events=events):
                return [
                    self._record(notification_key(user, event), user, "", NotificationRead(event))
                    for event in dict.fromkeys(events)
                ]
            case MuteRoom(room=room, level=level):
                muted = RoomMuted(level, _micros(command.until))
                return [self._record(mute_key(user, room), user, room, muted)]
            case UnmuteRoom(room=room):
                return [self._record(mute_key(user, room), user, room, RoomUnmuted())]

    def _record(self, key: str, user: str, room: str, body: ReadBody) -> tuple[bytes, bytes]:
        event = ReadEvent(user, room, time.time_ns() // 1_000, self._node, body)
        return key.encode(), self._codec.encode(event)


def _signal(own: _Own) -> UserNotified:
    match own.command:
        case ReadNotifications(events=events):
            return UserNotified(own.user, "notifications_read", "", -1, events=events)
        case MuteRoom(room=room, level=level, until=until):
            return UserNotified(own.user, "mute", room, -1, level=level, ends_at=_micros(until))
        case UnmuteRoom(room=room):
            return UserNotified(own.user, "mute", room, -1)


def _micros(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def _refuse(own: _Own, refused: Refused) -> None:
    metrics.WS_ERRORS.labels(refused.code.value).inc()
    own.write(failure(own.command.id, refused))
