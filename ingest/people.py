"""What people are to each other, as far as a node must know it: who has blocked whom, who asks whom, who is gone.

Every node knows all blocks and all accounts that were deleted: from PostgreSQL when it starts, and from then on from
the log, whose heads it looks at when the API says that there is something new. That word may be lost, so it also looks
without it: each second while Valkey is away, which carries it, otherwise every few. So a check is a look into a
dictionary.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import psycopg
import psycopg_pool

from ingest.kafka import LogReader, LogUnavailable
from ingest.postgres import RoomTable
from ingest.session import Session
from ingest.sessions import Sessions
from roomlog.accounts import (
    FriendAccepted,
    FriendRequested,
    RelationBody,
    UserBlocked,
    UserDeleted,
    UserEvent,
    UserUnblocked,
)
from roomlog.errors import CloseCode
from roomlog.protocol.event_frames import timestamp
from roomlog.protocol.frames import Notification, UserNotice, encode_frame
from roomlog.relations import Blocks, Pair, pair
from roomlog.signals import NotificationKind
from schemas.codec import Codec, PoisonRecord

LOOK_EVERY_S = 1.0
LOOK_WHEN_HEARD_EVERY_S = 5.0
ACCOUNT_GONE = "this account was deleted"
_REMEMBERED = 10_000
_log = logging.getLogger(__name__)


class People:
    """Follows user.events. `on_hidden` is called for each session whose user was blocked or unblocked.

    `is_heard` tells whether what the API says would be heard now.
    """

    def __init__(
        self,
        table: RoomTable,
        log: LogReader,
        codec: Codec[UserEvent],
        sessions: Sessions,
        on_hidden: Callable[[Session], None],
        is_heard: Callable[[], bool],
    ) -> None:
        self._is_heard = is_heard
        self._table, self._log, self._codec = table, log, codec
        self._sessions, self._on_hidden = sessions, on_hidden
        self.blocks = Blocks()
        self._hurried = asyncio.Event()
        self._next: dict[int, int] = {}
        """Partition -> the offset from which on it is still to be read."""
        self._asked: dict[Pair, str] = {}
        """Who of two asked lately: if the other asks too, both are told that they are friends."""

    async def start(self) -> None:
        """Learn what is; raises KafkaError, LogUnavailable or TimeoutError while Kafka is away."""
        await self._log.start()
        begun: dict[int, int] = {}
        try:
            begun, pairs, erased = await self._table.people()
        except (psycopg.Error, psycopg_pool.PoolTimeout, OSError) as error:
            _log.warning("blocks are read from the log, all of it: %r", error)
        else:
            for blocker, blocked in pairs:
                self.blocks.add(blocker, blocked)
            self.blocks.erased.update(erased)
        self._next = {p: begun.get(p, 0) for p in self._log.partitions()}
        try:
            await self._read_on(lambda event: None)
        except LogUnavailable as error:
            raise TimeoutError(str(error)) from error

    async def stop(self) -> None:
        """Disconnect."""
        await self._log.stop()

    async def watch(self) -> None:
        """Follow the log for ever."""
        while True:
            with suppress(TimeoutError):
                patience_s = LOOK_WHEN_HEARD_EVERY_S if self._is_heard() else LOOK_EVERY_S
                async with asyncio.timeout(patience_s):
                    await self._hurried.wait()
            self._hurried.clear()
            with suppress(LogUnavailable, TimeoutError):
                await self.look()

    def hurry(self) -> None:
        """Look now: there is something new, or may be."""
        self._hurried.set()

    async def look(self) -> None:
        """Take in what is new, and tell the sessions here; raises LogUnavailable or TimeoutError."""
        await self._read_on(self._tell)

    async def _read_on(self, tell: Callable[[UserEvent], None]) -> None:
        heads = await self._log.heads(self._next)
        for partition, head in heads.items():
            if head <= self._next[partition]:
                continue
            async for records in self._log.read(partition, self._next[partition], head):
                for record in records:
                    self._take(record.value, tell)
                self._next[partition] = records[-1].offset + 1
                await asyncio.sleep(0)
            self._next[partition] = head

    def _take(self, value: bytes | None, tell: Callable[[UserEvent], None]) -> None:
        try:
            event = self._codec.decode(value or b"")
        except PoisonRecord as error:
            _log.warning("a record of user.events is skipped: %s", error)
            return
        match event.body:
            case UserBlocked(other_id=other) if other != event.user_id:
                self.blocks.add(event.user_id, other)
            case UserUnblocked(other_id=other):
                self.blocks.discard(event.user_id, other)
            case UserDeleted():
                self.blocks.erased.add(event.user_id)
        tell(event)

    def _tell(self, event: UserEvent) -> None:
        """Tell the sessions here what concerns them."""
        actor, body = event.user_id, event.body
        if isinstance(body, UserDeleted):
            for session in tuple(self._sessions.of_user(actor)):
                session.close(CloseCode.SESSION_REVOKED, ACCOUNT_GONE)
        if not isinstance(body, RelationBody):
            return
        other = body.other_id
        match body:
            case UserBlocked() | UserUnblocked():
                for session in self._sessions.of_user(other):
                    self._on_hidden(session)
            case FriendRequested():
                self._tell_of_request(event, other)
            case FriendAccepted() if not self.blocks.has(other, actor):
                self._notify(other, event, "friend_accepted", actor)
        if not isinstance(body, FriendRequested):
            self._asked.pop(pair(actor, other), None)

    def _tell_of_request(self, event: UserEvent, other: str) -> None:
        actor, two = event.user_id, pair(event.user_id, other)
        if self.blocks.has(other, actor) or self.blocks.has(actor, other) or actor == other:
            return
        if self._asked.get(two) == other:
            del self._asked[two]
            self._notify(other, event, "friend_accepted", actor)
            self._notify(actor, event, "friend_accepted", other)
            return
        if len(self._asked) >= _REMEMBERED:
            del self._asked[next(iter(self._asked))]
        self._asked[two] = actor
        self._notify(other, event, "friend_request", actor)

    def _notify(self, user: str, event: UserEvent, kind: NotificationKind, sender: str) -> None:
        told = Notification(
            kind, event=event.event_id, sender=sender, ts=timestamp(event.occurred_at)
        )
        self._sessions.tell(user, encode_frame(UserNotice(told)))
