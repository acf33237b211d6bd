"""Who may not speak in a room, and how often, and what its moderators may do about that. Pure.

The same rules hold twice: when a node decides a command, and at the place in the log that an event gets (`is_void`),
where another node may have written something that this one had not heard of. Every reader of the log asks them there.
"""

from collections.abc import Container
from typing import TYPE_CHECKING, NamedTuple, get_args

from msgspec import Struct

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    Body,
    MemberInvited,
    MemberJoined,
    MemberLeft,
    MemberMuted,
    MemberRemoved,
    MemberRole,
    MemberUnbanned,
    MemberUnmuted,
    MessageEdited,
    MessageFlagged,
    MessagePinned,
    MessagePosted,
    MessageReported,
    MessageRestored,
    ReactionAdded,
    ReactionRemoved,
    ReportResolved,
    WordFilterChanged,
)
from roomlog.protocol.event_frames import timestamp
from roomlog.protocol.moderation import (
    AboutMember,
    BanMember,
    ChangeFilter,
    ModerationCommand,
    MuteMember,
    UnbanMember,
    UnmuteMember,
)
from roomlog.times import micros
from roomlog.wordfilters import MAX_FILTERS, Filters, rule_of

if TYPE_CHECKING:
    from roomlog.rooms import Room

FOREVER = 253_402_300_799_999_999
"""Stands for the end of what has none: the last microsecond of the year 9999."""
MICROS = 1_000_000

UNSEEN: frozenset[type[Body]] = frozenset(
    {WordFilterChanged, MessageReported, MessageFlagged, ReportResolved}
)
"""Facts for moderators: nobody who follows the room is shown them, and `prev` passes them over."""
AUDITED: frozenset[type[Struct]] = frozenset(get_args(Body)) - {
    MemberJoined,
    MemberLeft,
    MessageEdited,
    MessagePosted,
    ReactionAdded,
    ReactionRemoved,
}
"""What the audit log shows: all but what members say and their own coming and going."""
SPEECH: frozenset[type[Struct]] = frozenset(
    {MessagePosted, MessageEdited, MessageRestored, MessagePinned, ReactionAdded}
)
"""What somebody who is muted does not do."""


class Standing(NamedTuple):
    """How a member stands at a place of the log; times in microseconds since 1970."""

    role: MemberRole
    muted_until: int = 0
    said_at: int | None = None
    """When they said something last, since the room's slow mode was set."""


def is_silenced(kind: type[Struct], member: Standing, at: int, slow_mode_s: int) -> bool:
    """Tell whether a member must not say something at a time: they are muted, or spoke just before."""
    if at < member.muted_until and kind in SPEECH:
        return True
    return kind is MessagePosted and wait_of(member, at, slow_mode_s) > 0


def wait_of(member: Standing, at: int, slow_mode_s: int) -> int:
    """Return for how many microseconds more a member of a room in slow mode says nothing; 0: not at all."""
    said, pause = member.said_at, slow_mode_s * MICROS
    if said is None or member.role != "member" or not said <= at < said + pause:
        return 0
    return said + pause - at


def brings_back(body: object, banned: Container[str]) -> bool:
    """Tell whether an event would bring somebody in who is banned."""
    return isinstance(body, MemberJoined | MemberInvited) and body.user_id in banned


# What nodes decide.


def require_voice(member: Standing, now: int, slow_mode_s: int, kind: type[Struct]) -> None:
    """Raise Refused, with until when, for somebody who may not say something now."""
    if now < member.muted_until and kind in SPEECH:
        until = None if member.muted_until >= FOREVER else timestamp(member.muted_until)
        told = f"you are muted here {'until a moderator ends it' if until is None else f'until {until}'}"
        raise Refused(ErrorCode.MUTED, told, until=until)
    if kind is MessagePosted and (wait := wait_of(member, now, slow_mode_s)):
        until = timestamp(now + wait)
        told = f"slow mode: one message in {slow_mode_s} s; write again at {until}"
        raise Refused(ErrorCode.SLOW_MODE, told, -(-wait // 1_000), until=until)


def banned() -> Refused:
    """Return the refusal of somebody who was banned."""
    told = "you were banned; only a moderator can let you in again"
    return Refused(ErrorCode.BANNED, told)


def decide_in_room(room: "Room", sender: str, command: ModerationCommand, now: int) -> Body | None:
    """Return the fact that a moderator's command in a room leads to, None where it changes nothing.

    The sender is a member. `now` is in microseconds since 1970. Raises Refused.
    """
    if room.kind == "direct":
        told = "room: nobody moderates a direct room; block the other instead"
        raise Refused(ErrorCode.FORBIDDEN, told)
    own = room.members[sender]
    if own not in ("owner", "moderator"):
        raise Refused(ErrorCode.FORBIDDEN, "room: only an owner or a moderator may moderate it")
    target = room.members.get(command.user) if isinstance(command, AboutMember) else None
    if own != "owner" and target in ("owner", "moderator"):
        raise Refused(ErrorCode.FORBIDDEN, "user: only an owner may moderate a moderator")
    return decide(room, sender, command, now)


def decide(room: "Room", sender: str, command: ModerationCommand, now: int) -> Body | None:
    """Do as `decide_in_room` for whom it is known that they may."""
    if isinstance(command, AboutMember):
        return _decide_about(room, sender, command, now)
    if isinstance(command, ChangeFilter):
        return _filter(command, room.filters)
    if not ids.is_id(command.event):
        raise Refused(ErrorCode.BAD_REQUEST, "event: not an event id")
    return ReportResolved(command.event, command.action, command.note)


def _decide_about(room: "Room", sender: str, command: AboutMember, now: int) -> Body | None:
    user = command.user
    if not ids.is_id(user):
        raise Refused(ErrorCode.BAD_REQUEST, "user: not a user id")
    if user == sender:
        raise Refused(ErrorCode.BAD_REQUEST, "user: yourself")
    match command:
        case MuteMember():
            return _mute(room, command, now)
        case UnmuteMember():
            return MemberUnmuted(user) if room.muted.get(user, 0) > now else None
        case BanMember(reason=reason):
            is_done = user in room.banned and user not in room.members
            return None if is_done else MemberRemoved(user, banned=True, reason=reason)
        case UnbanMember():
            return MemberUnbanned(user) if user in room.banned else None


def _mute(room: "Room", command: MuteMember, now: int) -> Body | None:
    if command.user not in room.members:
        raise Refused(ErrorCode.BAD_REQUEST, "user: not a member")
    until = None if command.until is None else micros(command.until)
    if until is not None and not now < until < FOREVER:
        raise Refused(ErrorCode.BAD_REQUEST, "until: not in the future; leave it out for no end")
    if room.muted.get(command.user, 0) == (until or FOREVER):
        return None
    return MemberMuted(command.user, until, command.reason)


def _filter(command: ChangeFilter, filters: Filters) -> Body | None:
    rule = rule_of(command.words)
    if filters.get(rule) == command.action:
        return None
    if command.action is not None and rule not in filters and len(filters) >= MAX_FILTERS:
        raise Refused(ErrorCode.FORBIDDEN, f"words: there are {MAX_FILTERS} rules; remove some")
    return WordFilterChanged(rule, command.action)
