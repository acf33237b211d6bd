"""What a client missed of a room, read from the log."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from ingest.kafka import LogReader
from ingest.recent import RecentEvents
from ingest.rooms import RoomState
from roomlog.events import (
    ChatEvent,
    MemberInvited,
    MemberJoined,
    MemberLeft,
    MemberRemoved,
    RoomCreated,
)
from roomlog.moderation import UNSEEN
from schemas.codec import ChatEventCodec, PoisonRecord

MISSED_EVENTS = 10_000
MISSED_SPAN = 500_000
"""Records of the partition that are read at most to find the missed events."""
_LINES_A_FRAME = 200
_MEMBERSHIP = frozenset(
    t.__name__ for t in (RoomCreated, MemberJoined, MemberInvited, MemberLeft, MemberRemoved)
)
_UNSEEN = frozenset(t.__name__ for t in UNSEEN)
_log = logging.getLogger(__name__)

Render = Callable[[ChatEvent, int, int], bytes]
"""Makes the frame of an event, from it, its offset and that of the room's event before it."""


class GapTooLarge(Exception):
    """More was missed than is worth sending."""


class Missed:
    """Reads stretches of rooms for those who were away."""

    def __init__(
        self, log: LogReader, codec: ChatEventCodec, recent: RecentEvents, render: Render
    ) -> None:
        self._log, self._codec, self._recent, self._render = log, codec, recent, render

    async def frames(
        self, state: RoomState, user: str, after: int, upto: int
    ) -> AsyncIterator[list[bytes]]:
        """Yield the frames of what the user missed of the room in `(after, upto]`; raises GapTooLarge."""
        absences = await self._absences(state, user, after, upto)
        before, count = after, 0
        async for events in self._events(state, after, upto):
            lines = []
            for event, offset in events:
                if not any(offset in absence for absence in absences):
                    lines.append(self._render(event, offset, before))
                    before = offset
            if (count := count + len(lines)) > MISSED_EVENTS:
                raise GapTooLarge
            for at in range(0, len(lines), _LINES_A_FRAME):
                yield lines[at : at + _LINES_A_FRAME]

    async def _absences(self, state: RoomState, user: str, after: int, upto: int) -> list[range]:
        """Return the offsets in `(after, upto]` at which the user was no member.

        They get what happened while they were one; the rest is history, which REST has for members.
        """
        if state.room.joined.get(user, -1) <= after:
            return []
        found: list[range] = []
        since: int | None = after + 1  # of those whose first event here is that they join
        async for events in self._events(state, after, upto, of=user):
            for event, offset in events:
                if isinstance(event.body, MemberLeft | MemberRemoved):
                    since = offset + 1
                elif since is not None:
                    found.append(range(since, offset))
                    since = None
        return found

    async def _events(
        self, state: RoomState, after: int, upto: int, of: str | None = None
    ) -> AsyncIterator[list[tuple[ChatEvent, int]]]:
        """Yield the room's events in `(after, upto]` that took effect, with their offsets, some at a time.

        With `of`, only those that began or ended this user's membership. Raises GapTooLarge.
        """
        if upto - after > MISSED_SPAN:
            raise GapTooLarge
        key = state.room.room_id.encode()
        async for records in self._log.read(state.partition, after + 1, upto + 1):
            events = []
            for offset, record_key, value in records:
                if record_key != key or value is None or offset in state.room.void:
                    continue
                try:
                    kind = self._codec.glance(value)[1]
                    if kind in _UNSEEN or (of is not None and kind not in _MEMBERSHIP):
                        continue
                    event = self._codec.decode(value)
                except PoisonRecord as error:
                    place = {"room_id": state.room.room_id, "offset": offset}
                    _log.warning("skipped: %s", error, extra=place)
                    continue
                if of is not None and not _is_membership_of(of, event):
                    continue
                if not self._recent.is_repeat(event.event_id, offset):
                    events.append((event, offset))
            yield events
            await asyncio.sleep(0)


def _is_membership_of(user: str, event: ChatEvent) -> bool:
    """Tell whether one of the events of `_MEMBERSHIP` is about the user."""
    if isinstance(event.body, RoomCreated):
        return any(member.user_id == user for member in event.body.members)
    return getattr(event.body, "user_id", None) == user
