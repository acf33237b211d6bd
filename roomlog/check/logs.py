"""The log, room by room: the order, the predecessors, and who was a member where. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from msgspec import Struct, field

from roomlog.check.facts import LogEvent

_OPEN_END = 2**63
_ENTERS = frozenset({"MemberJoined", "MemberInvited"})
_FROM_ANYBODY = frozenset({"RoomCreated", "MemberJoined"})
_LEAVES = frozenset({"MemberLeft", "MemberRemoved"})


class Stay(Struct, gc=False):
    """A membership: from the event that began it to the one that ended it, in offsets."""

    entered: int
    left: int = _OPEN_END


class RoomLog(Struct):
    """One room's events, in the order of the log.

    One whose sender is no member there has no effect, and is left out (`roomlog.rooms.takes_effect`).
    An event that stands in the log more than once counts where it stands first (its `offsets`); the
    others are `repeats`.
    """

    room: str
    events: dict[int, LogEvent] = field(default_factory=dict)
    offsets: list[int] = field(default_factory=list)
    previous: dict[int, int] = field(default_factory=dict)
    """Offset -> offset of the room's previous event that counts, -1 for none."""
    repeats: dict[int, int] = field(default_factory=dict)
    """Offset of a repeat -> offset where the event stands first."""
    places: dict[str, int] = field(default_factory=dict)
    """Event id -> the offset that counts."""
    void: set[str] = field(default_factory=set)
    """Ids of the events that have no effect."""
    stays: dict[str, list[Stay]] = field(default_factory=dict)
    """User -> memberships."""

    def append(self, event: LogEvent) -> None:
        """Take up the next record of the room."""
        offset, first = event.offset, self.places.get(event.id)
        if first is None and not self._counts(event):
            self.void.add(event.id)
            return
        self.events[offset] = event
        self.previous[offset] = self.offsets[-1] if self.offsets else -1
        if first is not None:
            self.repeats[offset] = first
            return
        self.offsets.append(offset)
        self.places[event.id] = offset
        if event.type not in _PLAIN:
            self._fold_members(event)

    def _counts(self, event: LogEvent) -> bool:
        if event.id in self.void:  # its first place decides
            return False
        return event.type in _FROM_ANYBODY or self._is_member(event.sender)

    def _is_member(self, user: str) -> bool:
        return any(stay.left == _OPEN_END for stay in self.stays.get(user, ()))

    def _fold_members(self, event: LogEvent) -> None:
        if event.type == "RoomCreated" and not self.stays:
            for member in event.d.get("members", ()):
                self._enter(member["user_id"], event.offset)
        elif event.type in _ENTERS:
            self._enter(event.d["user"], event.offset)
        elif event.type in _LEAVES:
            for stay in self.stays.get(event.d["user"], ())[-1:]:
                stay.left = min(stay.left, event.offset)

    def _enter(self, user: str, offset: int) -> None:
        stays = self.stays.setdefault(user, [])
        if not stays or stays[-1].left != _OPEN_END:
            stays.append(Stay(offset))

    def may_see(self, user: str, offset: int) -> bool:
        """Tell whether the user was a member at an offset, the events of entering and leaving included."""
        return any(s.entered <= offset <= s.left for s in self.stays.get(user, ()))

    def must_see(self, user: str, after: int, until: int = _OPEN_END) -> list[int]:
        """Return the offsets in (after, until] of what a subscribing member has to get.

        Their own entering and leaving is not among it: at these positions they are on the way.
        """
        found: list[int] = []
        for stay in self.stays.get(user, ()):
            low = bisect_right(self.offsets, max(after, stay.entered))
            high = bisect_left(self.offsets, stay.left)
            high = min(high, bisect_right(self.offsets, until))
            found += self.offsets[low:high]
        return found

    def seen_before(self, user: str, offset: int) -> int:
        """Return the last offset before another that a member was shown: absences are passed over; -1: none."""
        before = self.previous[offset]
        while before >= 0 and not self.may_see(user, before):
            before = self.previous[before]
        return before

    def removal_after(self, user: str, offset: int) -> int | None:
        """Return where the user's membership ends that holds (or begins) after an offset."""
        ends = (s.left for s in self.stays.get(user, ()) if s.left > offset)
        return next((end for end in ends if end != _OPEN_END), None)


_PLAIN = frozenset(
    {
        "MessagePosted",
        "MessageEdited",
        "MessageDeleted",
        "MessageRestored",
        "MessagePinned",
        "MessageUnpinned",
        "ReactionAdded",
        "ReactionRemoved",
    }
)


def by_room(events: Iterable[LogEvent]) -> dict[str, RoomLog]:
    """Return the log by room, whatever the order in which its partitions were read."""
    rooms: dict[str, RoomLog] = {}
    for event in sorted(events, key=lambda e: e.offset):
        found = rooms.get(event.room)
        if found is None:
            found = rooms[event.room] = RoomLog(event.room)
        found.append(event)
    return rooms
