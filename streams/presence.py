"""Presence and listening: what one signal changes, and who is to be told. Pure rules over the tables.

Every signal is a last-write-wins fact of one node, so that a repeated one changes nothing.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import astuple

from roomlog.deliveries import Attached, Delivery, Notify, PresenceDiff, Typing
from roomlog.signals import (
    ChatSignal,
    PresenceChanged,
    PresenceState,
    RoomAttached,
    RoomDetached,
    SessionsChanged,
    UserNotified,
    UserTyping,
)
from streams.tables import MIRROR, Partition, Room

TYPING_EVERY_S = 1.0
"""One user's typing in one room is passed on at most this often."""

EVERY_NODE = "*"
"""Stands for all nodes where a delivery is for whoever it concerns."""

_Change = dict[str, PresenceState | None]


class Effects:
    """What a run of signals leads to: deliveries to nodes, in order, and changes to the mirror.

    The mirror's keys are `(partition, room or user)`; a state of None means that the user is gone.
    """

    def __init__(self) -> None:
        self.deliveries: list[tuple[str, Delivery]] = []
        self.rooms: dict[tuple[int, str], _Change] = {}
        self.users: dict[tuple[int, str], PresenceState | None] = {}
        self.empty_rooms: set[tuple[int, str]] = set()

    def add(self, later: "Effects") -> None:
        """Put changes to the mirror that came later on top of these."""
        for place, change in later.rooms.items():
            self.rooms.setdefault(place, {}).update(change)
        self.empty_rooms -= later.rooms.keys() - later.empty_rooms
        self.empty_rooms |= later.empty_rooms
        self.users |= later.users

    def tell(self, nodes: Iterable[str], delivery: Delivery) -> None:
        """Send one delivery to several nodes."""
        self.deliveries.extend((node, delivery) for node in nodes)

    def mirror_room(self, partition: int, room: Room, change: _Change) -> None:
        """Write a room's changed states to the mirror."""
        place = (partition, room.id)
        self.rooms.setdefault(place, {}).update(change)
        (self.empty_rooms.discard if room.state else self.empty_rooms.add)(place)


class TypingLimit:
    """Lets a user's typing through once in TYPING_EVERY_S."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], float] = {}

    def allows(self, room: str, user: str, now: float) -> bool:
        """Tell whether this one is passed on; `now` in seconds of any clock that does not go back."""
        if now - self._last.get((room, user), -TYPING_EVERY_S) < TYPING_EVERY_S:
            return False
        self._last[room, user] = now
        return True

    def forget_before(self, now: float) -> None:
        """Drop what no longer limits anybody."""
        self._last = {k: t for k, t in self._last.items() if now - t < TYPING_EVERY_S}


def apply(
    partition: Partition, signal: ChatSignal, limit: TypingLimit, now: float, effects: Effects
) -> None:
    """Take one signal into the tables of its partition, and add what follows to `effects`."""
    node = signal.node
    match signal.body:
        case RoomAttached(room_id, users):
            attach(partition, node, room_id, users, effects)
        case RoomDetached(room_id):
            detach(partition, node, room_id, effects)
        case PresenceChanged() as body:
            _change(partition, node, body, effects)
        case UserTyping(room_id, user_id):
            room = partition.rooms.get(room_id.encode())
            if room is not None and limit.allows(room_id, user_id, now):
                effects.tell(room.nodes, Typing(room_id, user_id))
        case UserNotified() as told:
            effects.tell(_nodes_of(partition, told.user_id), Notify(*astuple(told)))
        case SessionsChanged(user_id, "offline"):
            set_session(partition, node, user_id, None, effects)
        case SessionsChanged(user_id, "online" | "away" as state):
            set_session(partition, node, user_id, state, effects)


def _nodes_of(partition: Partition, user: str) -> list[str]:
    """Return the nodes on which the user is; all, as long as they may not have told of it."""
    if not partition.settled:
        return [EVERY_NODE]
    return [node for node in partition.users.get(user, ()) if node != MIRROR]


def attach(
    partition: Partition,
    node: str,
    room_id: str,
    users: Mapping[str, PresenceState],
    effects: Effects,
) -> None:
    """Let a node listen to a room; it is told who is there, nodes that listened already what changed."""
    room = partition.room(room_id)
    before = room.by_node.get(node, {})
    listening = room.nodes
    partition.attach(node, room, dict(users))
    _publish(partition, room, before.keys() | users.keys(), listening, effects)
    effects.tell([node], Attached(room_id, dict(room.state)))


def detach(partition: Partition, node: str, room_id: str, effects: Effects) -> None:
    """Let a node no longer listen to a room."""
    room = partition.rooms.get(room_id.encode())
    if room is None or node not in room.by_node:
        return
    users = room.by_node[node].keys()
    partition.detach(node, room)
    _publish(partition, room, users, room.nodes, effects)


def set_session(
    partition: Partition, node: str, user: str, state: PresenceState | None, effects: Effects
) -> None:
    """Set a user's state on one node; None where they have no session left there."""
    states = partition.users.setdefault(user, {})
    before = best(states.values())
    if states.pop(MIRROR, None):
        _forget(partition.users_of, MIRROR, user)
    if state is None:
        states.pop(node, None)
        _forget(partition.users_of, node, user)
    else:
        states[node] = state
        partition.users_of.setdefault(node, set()).add(user)
    after = best(states.values())
    if not states:
        del partition.users[user]
    if after != before:
        effects.users[partition.number, user] = after


def recall(
    partition: Partition,
    rooms: Mapping[str, Mapping[str, PresenceState]],
    users: Mapping[str, PresenceState],
) -> None:
    """Begin with what the mirror holds, so that presence does not flicker while nodes answer.

    `remove_node(partition, MIRROR, ...)` later takes out whatever no node has confirmed.
    """
    for room_id, states in rooms.items():
        room = partition.room(room_id)
        partition.attach(MIRROR, room, dict(states))
        room.state = dict(states)
    for user, state in users.items():
        partition.users[user] = {MIRROR: state}
        partition.users_of.setdefault(MIRROR, set()).add(user)


def remove_node(partition: Partition, node: str, effects: Effects) -> None:
    """Take a dead node out of the tables: its rooms are detached, its users leave."""
    for key in list(partition.rooms_of.get(node, ())):
        detach(partition, node, partition.rooms[key].id, effects)
    for user in list(partition.users_of.get(node, ())):
        set_session(partition, node, user, None, effects)


def _change(partition: Partition, node: str, body: PresenceChanged, effects: Effects) -> None:
    room = partition.rooms.get(body.room_id.encode())
    users = room.by_node.get(node) if room else None
    if room is None or users is None:
        return  # the node's snapshot of the room is still to come, and holds this
    for user in body.left:
        users.pop(user, None)
    users.update(dict.fromkeys(body.joined, "online"))
    users.update(dict.fromkeys(body.away, "away"))
    touched = {*body.left, *body.joined, *body.away}
    _publish(partition, room, touched, room.nodes, effects)


def _publish(
    partition: Partition, room: Room, users: Iterable[str], nodes: Iterable[str], effects: Effects
) -> None:
    """Bring the merged view of these users up to date; tell nodes and mirror what really changed.

    A node has spoken of these users, so what the mirror claimed of them is void.
    """
    change: _Change = {}
    claimed = room.by_node.get(MIRROR, {})
    for user in users:
        claimed.pop(user, None)
        state = room.merged(user)
        if state != room.state.get(user):
            change[user] = state
            if state is None:
                del room.state[user]
            else:
                room.state[user] = state
    if change:
        effects.mirror_room(partition.number, room, change)
        effects.tell(nodes, _diff(room.id, change))


def _diff(room_id: str, change: _Change) -> PresenceDiff:
    def those(wanted: PresenceState | None) -> list[str]:
        return [user for user, state in change.items() if state == wanted]

    return PresenceDiff(room_id, joined=those("online"), left=those(None), away=those("away"))


def best(states: Iterable[PresenceState]) -> PresenceState | None:
    """Return one user's state over several nodes: online wins; None where there is none."""
    found = set(states)
    return "online" if "online" in found else "away" if found else None


def _forget(index: dict[str, set[str]], node: str, user: str) -> None:
    kept = index.get(node, set())
    kept.discard(user)
    if not kept:
        index.pop(node, None)
