"""What a worker knows of its partitions: who listens to which room, and how far the log was examined.

In memory only, one `Partition` each; nodes fill it with their snapshots (docs/decisions/0002). A lost
partition is dropped whole.
"""

from collections.abc import Iterable
from typing import Any

from roomlog.signals import PresenceState

RECENT_EVENTS = 4_096
"""Event ids that one generation of `Recent` holds; two generations are kept."""

MIRROR = ""
"""The node that stands for what the last worker left in Valkey, until the nodes have spoken themselves.

It claims users, and receives nothing."""

Record = tuple[int, str, bytes]
"""One record of a delivery: offset, room id, value in wire format."""


class Recent:
    """Remembers the last 4,096 to 8,192 event ids, so that a repeated one is delivered once."""

    __slots__ = ("_now", "_past")

    def __init__(self) -> None:
        self._now: set[bytes] = set()
        self._past: set[bytes] = set()

    def seen(self, event: bytes) -> bool:
        """Remember an event id; tell whether it was known already."""
        if event in self._now or event in self._past:
            return True
        self._now.add(event)
        if len(self._now) >= RECENT_EVENTS:
            self._past, self._now = self._now, set()
        return False


class Room:
    """One room: its subscribers as each node states them, and the merged view.

    `nodes` are those that receive: the keys of `by_node` without MIRROR.
    """

    __slots__ = ("by_node", "id", "nodes", "state")

    def __init__(self, room_id: str) -> None:
        self.id = room_id
        self.by_node: dict[str, dict[str, PresenceState]] = {}
        self.nodes: tuple[str, ...] = ()
        self.state: dict[str, PresenceState] = {}

    def merged(self, user: str) -> PresenceState | None:
        """Return a user's state over all nodes (online wins), None where no node has them."""
        states = [users[user] for users in self.by_node.values() if user in users]
        if not states:
            return None
        return "online" if "online" in states else "away"


class Partition:
    """All tables of one partition number of chat.events and chat.signals.

    `examined` is the offset of the next record of chat.events to look at (None: none looked at yet);
    `sent_to` says for each node that has rooms here where its last range stopped.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.examined: int | None = None
        self.signals_next: int | None = None
        """Offset of the next record of chat.signals to look at."""
        self.recent = Recent()
        self.rooms: dict[bytes, Room] = {}
        self.rooms_of: dict[str, set[bytes]] = {}
        self.users: dict[str, dict[str, PresenceState]] = {}
        self.users_of: dict[str, set[str]] = {}
        self.sent_to: dict[str, int] = {}
        self.pending: dict[str, list[Record]] = {}
        self.naming: list[Any] = []
        """Records that name users who are to be told."""
        self.settled = False
        """Whether all nodes had time to tell of their rooms and users."""

    def nodes(self) -> Iterable[str]:
        """Return the nodes that have rooms or sessions here."""
        return (self.rooms_of.keys() | self.users_of.keys()) - {MIRROR}

    def room(self, room_id: str) -> Room:
        """Return a room, new where nobody listened to it yet."""
        key = room_id.encode()
        found = self.rooms.get(key)
        if found is None:
            found = self.rooms[key] = Room(room_id)
        return found

    def attach(self, node: str, room: Room, users: dict[str, PresenceState]) -> None:
        """Set a node's users of a room; the node has its records from the next examined one on."""
        room.by_node[node] = users
        self.rooms_of.setdefault(node, set()).add(room.id.encode())
        if node != MIRROR:
            room.nodes = tuple(n for n in room.by_node if n != MIRROR)
            if self.examined is not None:
                self.sent_to.setdefault(node, self.examined)

    def detach(self, node: str, room: Room) -> None:
        """Undo `attach`; a room that nobody listens to is forgotten."""
        key = room.id.encode()
        room.by_node.pop(node, None)
        room.nodes = tuple(n for n in room.by_node if n != MIRROR)
        if not room.by_node:
            self.rooms.pop(key, None)
        left = self.rooms_of.get(node, set())
        left.discard(key)
        if not left:
            self.rooms_of.pop(node, None)
            self.sent_to.pop(node, None)
            self.pending.pop(node, None)

    def restart_at(self, offset: int) -> None:
        """Examine from `offset` on, claiming nothing of what came before it.

        Ranges then start there, so a node that saw less reads the difference from the log.
        """
        self.examined = offset
        self.pending.clear()
        self.sent_to = dict.fromkeys((n for n in self.rooms_of if n != MIRROR), offset)
