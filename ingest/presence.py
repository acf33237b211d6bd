"""Who is here: tells the streams who follows which room on this node, and users what comes back."""

import asyncio
from collections.abc import Iterable

from ingest.rooms import RoomState
from ingest.signals import Signals
from roomlog.deliveries import PresenceDiff
from roomlog.partitions import partition_of
from roomlog.signals import (
    PresenceChanged,
    PresenceState,
    RoomAttached,
    RoomDetached,
    SessionsChanged,
)


def change(
    room_id: str, announced: dict[str, PresenceState], users: dict[str, int]
) -> PresenceChanged | None:
    """Return the signal that leads from what was announced to the users now here, None for no change."""
    joined = tuple(u for u in users if u not in announced)
    left = tuple(u for u in announced if u not in users)
    return PresenceChanged(room_id, joined, left) if joined or left else None


def after(presence: dict[str, PresenceState], diff: PresenceDiff) -> dict[str, PresenceState]:
    """Return a room's presence after a change."""
    gone = set(diff.left)
    now: dict[str, PresenceState] = {u: s for u, s in presence.items() if u not in gone}
    now.update(dict.fromkeys(diff.joined, "online"))
    now.update(dict.fromkeys(diff.away, "away"))
    return now


class Presence:
    """Sends a turn's changes of presence once the turn is over."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals
        self._changed: dict[str, RoomState] = {}
        self._sessions: dict[str, int] = {}
        self._loop = asyncio.get_running_loop()

    def attach(self, state: RoomState) -> None:
        """Tell the streams that this node wants the room's events, and who follows it here."""
        users: dict[str, PresenceState] = dict.fromkeys(state.users, "online")
        state.announced = users
        self._signals.send(state.room.room_id, RoomAttached(state.room.room_id, dict(users)))

    def detach(self, state: RoomState) -> None:
        """Tell the streams that this node does not need the room any more."""
        self._signals.send(state.room.room_id, RoomDetached(state.room.room_id))

    def follow(self, state: RoomState, user: str) -> None:
        """A session of the user follows the room now."""
        state.users[user] = state.users.get(user, 0) + 1
        self._note(state)

    def unfollow(self, state: RoomState, user: str) -> None:
        """A session of the user does not follow the room any more."""
        if state.users.get(user, 0) > 1:
            state.users[user] -= 1
            return
        state.users.pop(user, None)
        self._note(state)

    def _note(self, state: RoomState) -> None:
        if not self._changed:
            self._loop.call_soon(self._tell)
        self._changed[state.room.room_id] = state

    def _tell(self) -> None:
        changed, self._changed = self._changed, {}
        for room_id, state in changed.items():
            if state.announced is None:
                continue
            if (signal := change(room_id, state.announced, state.users)) is not None:
                state.announced = dict.fromkeys(state.users, "online")
                self._signals.send(room_id, signal)

    def open_session(self, user: str) -> None:
        """The user has one more session on this node."""
        self._sessions[user] = self._sessions.get(user, 0) + 1
        if self._sessions[user] == 1:
            self._signals.send(user, SessionsChanged(user, "online"))

    def close_session(self, user: str) -> None:
        """The user has one session less on this node."""
        self._sessions[user] = self._sessions.get(user, 1) - 1
        if self._sessions[user] == 0:
            del self._sessions[user]
            self._signals.send(user, SessionsChanged(user, "offline"))

    def repeat(self, partitions: set[int], rooms: Iterable[RoomState]) -> None:
        """Tell a worker that knows nothing of these partitions about everything here."""
        for state in rooms:
            self.attach(state)
        for user in self._sessions:
            if partition_of(user) in partitions:
                self._signals.send(user, SessionsChanged(user, "online"))
