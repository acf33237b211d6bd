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
    room_id: str, announced: dict[str, PresenceState], users: dict[str, PresenceState]
) -> PresenceChanged | None:
    """Return the signal that leads from what was announced to the users now here, None for no change."""
    new = {u: state for u, state in users.items() if announced.get(u) != state}
    joined = tuple(u for u, state in new.items() if state == "online")
    away = tuple(u for u, state in new.items() if state == "away")
    left = tuple(u for u in announced if u not in users)
    return PresenceChanged(room_id, joined, left, away) if new or left else None


def after(presence: dict[str, PresenceState], diff: PresenceDiff) -> dict[str, PresenceState]:
    """Return a room's presence after a change."""
    gone = set(diff.left)
    now: dict[str, PresenceState] = {u: s for u, s in presence.items() if u not in gone}
    now.update(dict.fromkeys(diff.joined, "online"))
    now.update(dict.fromkeys(diff.away, "away"))
    return now


def between(
    room_id: str, before: dict[str, PresenceState], now: dict[str, PresenceState]
) -> PresenceDiff | None:
    """Return the change that leads from one presence of a room to another, None for the same."""
    new = {user: state for user, state in now.items() if before.get(user) != state}
    joined = [user for user, state in new.items() if state == "online"]
    away = [user for user, state in new.items() if state == "away"]
    left = [user for user in before if user not in now]
    return PresenceDiff(room_id, joined, left, away) if new or left else None


class Presence:
    """Sends a turn's changes of presence once the turn is over."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals
        self._changed: dict[str, RoomState] = {}
        self._sessions: dict[str, tuple[int, int]] = {}
        """User -> how many of their sessions on this node are online, and how many away."""
        self._rooms: dict[str, dict[str, RoomState]] = {}
        """User -> the rooms that they follow here, by id."""
        self._loop = asyncio.get_running_loop()

    def attach(self, state: RoomState) -> None:
        """Tell the streams that this node wants the room's events, and who follows it here."""
        users = self.of_room(state)
        state.announced = users
        self._signals.send(state.room.room_id, RoomAttached(state.room.room_id, dict(users)))

    def detach(self, state: RoomState) -> None:
        """Tell the streams that this node does not need the room any more."""
        self._signals.send(state.room.room_id, RoomDetached(state.room.room_id))

    def of_room(self, state: RoomState) -> dict[str, PresenceState]:
        """Return who follows the room on this node, and in which state they are here."""
        return {user: self._state_of(user) or "online" for user in state.users}

    def shown(self, state: RoomState) -> dict[str, PresenceState]:
        """Return who is in the room, here and on other nodes."""
        found = dict(state.presence)
        for user, presence in self.of_room(state).items():
            if (
                presence == "online" or user not in found
            ):  # who is away here may be online elsewhere
                found[user] = presence
        return found

    def _state_of(self, user: str) -> PresenceState | None:
        """Return the merged state of the user's sessions here: away only if all are; None: no session."""
        counts = self._sessions.get(user)
        if counts is None:
            return None
        online, _ = counts
        return "online" if online else "away"

    def follow(self, state: RoomState, user: str) -> None:
        """A session of the user follows the room now."""
        state.users[user] = state.users.get(user, 0) + 1
        self._rooms.setdefault(user, {})[state.room.room_id] = state
        self._note(state)

    def unfollow(self, state: RoomState, user: str) -> None:
        """A session of the user does not follow the room any more."""
        if state.users.get(user, 0) > 1:
            state.users[user] -= 1
            return
        state.users.pop(user, None)
        if (rooms := self._rooms.get(user)) is not None:
            rooms.pop(state.room.room_id, None)
            if not rooms:
                del self._rooms[user]
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
            users = self.of_room(state)
            if (signal := change(room_id, state.announced, users)) is not None:
                state.announced = users
                self._signals.send(room_id, signal)

    def open_session(self, user: str) -> None:
        """The user has one more session on this node."""
        self._count(user, "online", 1)

    def close_session(self, user: str, state: PresenceState) -> None:
        """The user has one session less on this node; it was in this state."""
        self._count(user, state, -1)

    def change_session(self, user: str, before: PresenceState, state: PresenceState) -> None:
        """One of the user's sessions on this node went from one state to the other."""
        if before != state:
            self._count(user, before, -1, 1)

    def _count(self, user: str, state: PresenceState, by: int, by_other: int = 0) -> None:
        """Count sessions in a state, and in the other one."""
        before = self._state_of(user)
        online, away = self._sessions.get(user, (0, 0))
        if state == "away":
            by, by_other = by_other, by
        online, away = max(0, online + by), max(0, away + by_other)
        if online or away:
            self._sessions[user] = (online, away)
        else:
            self._sessions.pop(user, None)
        if (now := self._state_of(user)) != before:
            self._signals.send(user, SessionsChanged(user, now or "offline"))
            for room in self._rooms.get(user, {}).values():
                self._note(room)

    def repeat(self, partitions: set[int], rooms: Iterable[RoomState]) -> None:
        """Tell a worker that knows nothing of these partitions about everything here."""
        for state in rooms:
            self.attach(state)
        for user in self._sessions:
            if partition_of(user) in partitions:
                self._signals.send(user, SessionsChanged(user, self._state_of(user) or "offline"))
