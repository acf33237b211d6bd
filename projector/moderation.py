"""What moderators' facts change in the read models, and what they forbid at each place of the log. Pure.

Messages are folded after all facts of their batch, so what holds where each of them stands is kept as a list of turns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from projector.batch import Message
from projector.facts import Fact
from projector.rows import time_of
from roomlog.events import (
    FilterAction,
    MemberMuted,
    MemberRemoved,
    MemberRole,
    MemberUnbanned,
    MemberUnmuted,
    MessageFlagged,
    MessagePosted,
    MessageReported,
    ReportResolved,
    RoomSettingsChanged,
    WordFilterChanged,
)
from roomlog.moderation import FOREVER, Standing, brings_back, is_silenced

if TYPE_CHECKING:
    from projector.fold import Member

Key = tuple[str, str]
"""Room, and user or words."""
ReportBody = MessageReported | MessageFlagged | ReportResolved


@dataclass(slots=True)
class Watched:
    """A room in which more is forbidden than to be no member; times in microseconds since 1970."""

    slow: list[tuple[int, int]] = field(default_factory=list)
    """From which offset on how many seconds lie between two messages of one member."""
    muted: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """User -> from which offset on they are muted until when."""
    banned: set[str] = field(default_factory=set)
    roles: dict[str, list[tuple[int, MemberRole]]] = field(default_factory=dict)
    """User -> from which offset on they have which role, for those whose role changes in this batch."""
    said: dict[str, tuple[int, int]] = field(default_factory=dict)
    """User -> offset and time of what they said last."""
    spoke: set[str] = field(default_factory=set)
    """Who said something in this batch."""

    def know(self, kind: str, user: str, value: int) -> None:
        """Take in what the read models hold."""
        match kind:
            case "slow":
                self.slow.append((-1, value))
            case "muted":
                self.muted[user] = [(-1, value)]
            case "banned":
                self.banned.add(user)
            case "said":
                self.said[user] = (-1, value)

    def note_role(self, user: str, offset: int, before: MemberRole, role: MemberRole) -> None:
        """A member gets another role."""
        self.roles.setdefault(user, [(-1, before)]).append((offset, role))

    def allows(self, fact: Fact, member: "Member | None") -> bool:
        """Tell whether a fact counts at its place, after all facts before it."""
        if brings_back(fact.body, self.banned):
            return False
        if member is None:
            return True
        muted = _at(self.muted.get(fact.sender_id, []), fact.offset)
        return not is_silenced(type(fact.body), Standing(member.role, muted), fact.at, 0)

    def silences(self, message: Message, member: "Member | None") -> bool:
        """Tell whether a member must not say this at its place; remember it where it counts."""
        offset, sender = message.offset, message.sender_id
        turns = self.muted.get(sender)
        slow = _at(self.slow, offset)
        if not slow and not turns:
            return False
        at = time_of(message.row)
        said_offset, said_at = self.said.get(sender, (-2, None))
        since = max((place for place, _ in self.slow if place <= offset), default=-1)
        role: MemberRole = "member" if member is None else member.role
        for place, other in self.roles.get(sender, ()):
            role = other if place <= offset else role
        last = said_at if said_offset >= since else None
        standing = Standing(role, _at(turns or [], offset), last)
        if is_silenced(MessagePosted, standing, at, slow):
            return True
        if slow:
            self.said[sender] = (offset, at)
            self.spoke.add(sender)
        return False


def _at(turns: list[tuple[int, int]], offset: int) -> int:
    """Return what holds at an offset; 0 where nothing does."""
    found = 0
    for since, value in turns:
        if since > offset:
            break
        found = value
    return found


@dataclass(slots=True)
class ModerationChanges:
    """What to write; None: to take away."""

    slowed: set[str] = field(default_factory=set)
    """Rooms whose slow mode was set: who said what before does not count any more."""
    said: dict[Key, int] = field(default_factory=dict)
    mutes: dict[Key, tuple[Fact, int, str] | None] = field(default_factory=dict)
    """Room and user -> the event, until when, and why."""
    bans: dict[Key, tuple[Fact, str]] = field(default_factory=dict)
    unbanned: set[Key] = field(default_factory=set)
    filters: dict[Key, tuple[Fact, FilterAction] | None] = field(default_factory=dict)
    reports: list[tuple[Fact, ReportBody]] = field(default_factory=list)
    audit: list[Fact] = field(default_factory=list)

    @property
    def is_any(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.audit or self.said or self.slowed)

    def note_posts(self, watched: Mapping[str, Watched]) -> None:
        """Take over who said something last in rooms that are in slow mode at the end of the batch."""
        for room, found in watched.items():
            since, slow = found.slow[-1] if found.slow else (-1, 0)
            for user in found.spoke if slow else ():
                offset, at = found.said[user]
                if offset >= since:
                    self.said[room, user] = at


def moderate(changes: ModerationChanges, watched: dict[str, Watched], fact: Fact) -> None:
    """Apply a fact of moderation that counts, for what comes after it too."""
    room, body = fact.room_id, fact.body
    match body:
        case RoomSettingsChanged(slow_mode_s=int() as slow):
            watched.setdefault(room, Watched()).slow.append((fact.offset, slow))
            changes.slowed.add(room)
        case MemberMuted(user_id=user, until=until, reason=reason):
            end = FOREVER if until is None else until
            _turn(watched, fact, user, end)
            changes.mutes[room, user] = (fact, end, reason)
        case MemberUnmuted(user_id=user):
            _turn(watched, fact, user, 0)
            changes.mutes[room, user] = None
        case MemberRemoved(user_id=user, reason=reason):
            is_new = user not in watched.setdefault(room, Watched()).banned
            watched[room].banned.add(user)
            if is_new:
                changes.bans[room, user] = (fact, reason)
        case MemberUnbanned(user_id=user):
            watched.setdefault(room, Watched()).banned.discard(user)
            changes.bans.pop((room, user), None)
            changes.unbanned.add((room, user))
        case WordFilterChanged(words=words, action=action):
            changes.filters[room, words] = None if action is None else (fact, action)
        case MessageReported() | MessageFlagged() | ReportResolved():
            changes.reports.append((fact, body))


def _turn(watched: dict[str, Watched], fact: Fact, user: str, until: int) -> None:
    found = watched.setdefault(fact.room_id, Watched())
    found.muted.setdefault(user, []).append((fact.offset, until))
