"""What facts change in the read models, given what these hold already. Pure.

Facts are folded in log order, as `roomlog.rooms.fold` does it on a node; the result says only what is
different afterwards, so that one statement a table writes it, and the same log in other batches gives
the same rows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from projector import schedules
from projector.batch import Message, UserFact
from projector.facts import Fact
from projector.moderation import ModerationChanges, Watched, moderate
from projector.schedules import Schedule
from projector.texts import Known, OnMessage, Place, Texts
from roomlog.accounts import (
    FileRemoved,
    FileStored,
    RelationBody,
    UserDeleted,
    UserRegistered,
    UserRenamed,
)
from roomlog.events import (
    HookCreated,
    HookRevoked,
    HookRotated,
    InviteCreated,
    InviteRevoked,
    MemberInvited,
    MemberJoined,
    MemberLeft,
    MemberMuted,
    MemberRemoved,
    MemberRole,
    MemberRoleChanged,
    MemberUnbanned,
    MemberUnmuted,
    MessageFlagged,
    MessageReported,
    ReactionAdded,
    ReactionRemoved,
    ReportResolved,
    RoomCreated,
    RoomLanguageChanged,
    RoomRenamed,
    RoomSettingsChanged,
    RoomTopicChanged,
    WordFilterChanged,
)
from roomlog.moderation import AUDITED
from roomlog.relations import NOTHING, Pair, Relation, after, notices, pair
from roomlog.rooms import takes_effect
from roomlog.schedules import ScheduleBody

MemberKey = tuple[str, str]
"""Room and user."""
ReactionKey = tuple[str, str, str, str]
"""Room, event id of the message, emoji and user."""


class Member(NamedTuple):
    """A membership; `joined_at` in microseconds since 1970."""

    role: MemberRole
    joined_offset: int
    joined_at: int


class Hook(NamedTuple):
    """An incoming hook; times in microseconds since 1970."""

    name: str
    token_hash: str
    created_by: str
    created_at: int
    rotated_at: int | None = None


class Told(NamedTuple):
    """Somebody is to be told of an event, of a room or of none; `at` in microseconds since 1970."""

    user: str
    kind: str
    event: str
    room: str | None
    offset: int | None
    sender: str
    at: int


class Settings(NamedTuple):
    """What became of a room's settings; None: nothing."""

    archived: bool | None = None
    read_only: bool | None = None
    history: str | None = None
    link_previews: bool | None = None
    slow_mode_s: int | None = None


@dataclass(slots=True)
class Prior:
    """What the read models hold of that which the facts concern."""

    applied: set[str] = field(default_factory=set)
    """Ids of events that took effect before."""
    rooms: set[str] = field(default_factory=set)
    members: dict[MemberKey, Member] = field(default_factory=dict)
    void: set[bytes] = field(default_factory=set)
    """Ids of the messages that took no effect before."""
    messages: Known = field(default_factory=Known)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    direct: set[str] = field(default_factory=set)
    """Those of the messages' rooms that are direct; `members` has all of theirs."""
    relations: dict[Pair, Relation] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    """Those of the users who deleted their accounts."""
    watched: dict[str, Watched] = field(default_factory=dict)
    """Rooms in which more is forbidden than to be no member."""


@dataclass(slots=True)
class Changes:
    """What to write, in the order of the fields."""

    applied: list[tuple[str, int | None]] = field(default_factory=list)
    """Event ids, with their offsets where they are of a room."""
    rooms: dict[str, tuple[Fact, RoomCreated]] = field(default_factory=dict)
    """Room -> the event that began it."""
    names: dict[str, str] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    languages: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Settings] = field(default_factory=dict)
    invites: dict[MemberKey, tuple[Fact, InviteCreated]] = field(default_factory=dict)
    """Workspace and invite -> the event that made it."""
    revoked: set[MemberKey] = field(default_factory=set)
    """Workspace and invite of those that are good no more, if they ever were."""
    revoked_hooks: set[MemberKey] = field(default_factory=set)
    """Room and hook of those that are good no more, if they ever were."""
    rotated: dict[MemberKey, tuple[str, int]] = field(default_factory=dict)
    """Room and hook that there may be already -> the hash of its newest token, and since when."""
    hooks: dict[MemberKey, Hook] = field(default_factory=dict)
    """Room and hook -> the hook, where there is none yet."""
    departures: dict[MemberKey, tuple[int, int]] = field(default_factory=dict)
    """Workspace and user who left it -> where in its log, and when."""
    members: dict[MemberKey, Member | None] = field(default_factory=dict)
    """None: no member any more."""
    turns: dict[MemberKey, list[tuple[int, bool]]] = field(default_factory=dict)
    """Where in the batch somebody became (True) or ceased to be (False) a member, in log order."""
    void: dict[Place, str] = field(default_factory=dict)
    """Ids of the events that take no effect (`roomlog.rooms.takes_effect`)."""
    unsaid: set[bytes] = field(default_factory=set)
    """Ids of the messages among them."""
    told: list[Told] = field(default_factory=list)
    """Who came into a room by another's act, and whom somebody asked or said yes to; of messages see
    `projector.notifications`."""
    joined: set[MemberKey] = field(default_factory=set)
    """Those of `members` who were none before."""
    member_delta: Counter[str] = field(default_factory=Counter)
    texts: Texts = field(default_factory=Texts)
    withdrawn: set[ReactionKey] = field(default_factory=set)
    reactions: dict[ReactionKey, int] = field(default_factory=dict)
    """Reaction that stands -> since when."""
    registered: dict[str, tuple[str, int]] = field(default_factory=dict)
    """User -> name and since when."""
    renamed: dict[str, str] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    files: dict[str, tuple[UserFact, FileStored]] = field(default_factory=dict)
    """File -> the event that stored it."""
    removed_files: set[tuple[str, str]] = field(default_factory=set)
    """File and owner."""
    moderation: ModerationChanges = field(default_factory=ModerationChanges)
    relations: dict[Pair, Relation] = field(default_factory=dict)
    erased: dict[str, int] = field(default_factory=dict)
    """Who deleted their account, and when."""


def created_rooms(facts: Iterable[Fact]) -> list[str]:
    """Return the rooms of which the fold must know whether they exist."""
    return list({f.room_id for f in facts if isinstance(f.body, RoomCreated)})


def concerned_members(facts: Iterable[Fact], messages: Iterable[Message] = ()) -> list[MemberKey]:
    """Return the memberships of which the fold must know what they were."""
    found = {(m.room_id, m.sender_id) for m in messages}
    for fact in facts:
        found.add((fact.room_id, fact.sender_id))
        found.update((fact.room_id, user) for user in _users(fact))
    return list(found)


def concerned_pairs(facts: Iterable[UserFact]) -> set[Pair]:
    """Return the pairs of people of whom the fold must know what they were to each other."""
    bodies = ((fact.user_id, fact.body) for fact in facts)
    return {pair(user, body.other_id) for user, body in bodies if isinstance(body, RelationBody)}


def fold(
    facts: Iterable[Fact],
    user_facts: Iterable[UserFact],
    prior: Prior,
    messages: Mapping[bytes, Message] = MappingProxyType({}),
) -> Changes:
    """Return what the facts change, and which messages do not count; repeated facts change nothing."""
    changes = Changes()
    for fact in facts:
        if fact.event_id not in prior.applied:
            changes.applied.append((fact.event_id, fact.offset))
            if _counts(changes, fact, prior):
                _fold_fact(changes, fact, prior)
                if type(fact.body) in AUDITED:
                    changes.moderation.audit.append(fact)
            else:
                changes.void[fact.room_id, fact.offset] = fact.event_id
    settled = _settled(changes, prior)
    for event, message in messages.items():
        room, offset, _, sender, _ = message
        if settled.get((room, sender), offset) >= offset and _is_void(changes, prior, message):
            changes.void[room, offset] = event.hex()
            changes.unsaid.add(event)
    changes.texts.forget(changes.void, prior.messages)
    for user_fact in user_facts:
        if user_fact.event_id not in prior.applied:
            changes.applied.append((user_fact.event_id, None))
            _fold_user(changes, user_fact, prior)
    _count_members(changes, prior)
    changes.moderation.note_posts(prior.watched)
    return changes


def _counts(changes: Changes, fact: Fact, prior: Prior) -> bool:
    member = _member(changes, prior, (fact.room_id, fact.sender_id))
    if not takes_effect(type(fact.body), member is not None):
        return False
    watched = prior.watched.get(fact.room_id)
    return watched is None or watched.allows(fact, member)


def _settled(changes: Changes, prior: Prior) -> dict[MemberKey, int]:
    """Return after which place in the batch whatever somebody says counts: nearly all that is said is so."""
    found = dict.fromkeys(prior.members, -1)
    for key, turns in changes.turns.items():
        since, is_member = turns[-1]
        if is_member:
            found[key] = since
        else:
            found.pop(key, None)
    if prior.watched:
        found = {key: since for key, since in found.items() if key[0] not in prior.watched}
    return found


def _is_void(changes: Changes, prior: Prior, message: Message) -> bool:
    sender = (message.room_id, message.sender_id)
    if not is_member_at(changes, prior, sender, message.offset):
        return True
    watched = prior.watched.get(message.room_id)
    member = _member(changes, prior, sender) or prior.members.get(sender)
    return watched is not None and watched.silences(message, member)


def _fold_fact(changes: Changes, fact: Fact, prior: Prior) -> None:
    room, body = fact.room_id, fact.body
    match body:
        case RoomCreated():
            _create_room(changes, fact, body, prior)
        case RoomRenamed():
            changes.names[room] = body.name
        case RoomTopicChanged():
            changes.topics[room] = body.topic
        case RoomLanguageChanged():
            changes.languages[room] = body.language
        case MemberJoined() | MemberInvited():
            if _member(changes, prior, (room, body.user_id)) is None:
                new = Member(body.role, fact.offset, fact.at)
                _turn(changes, (room, body.user_id), fact.offset, new)
                if isinstance(body, MemberInvited):
                    _tell(changes, fact, body.user_id)
        case RoomSettingsChanged():
            _change_settings(changes, fact, body, prior)
        case InviteCreated():
            changes.invites.setdefault((room, body.invite_id), (fact, body))
        case InviteRevoked():
            changes.invites.pop((room, body.invite_id), None)
            changes.revoked.add((room, body.invite_id))
        case HookCreated() | HookRotated() | HookRevoked():
            _fold_hook(changes, fact, body, prior)
        case MemberLeft() | MemberRemoved():
            _turn(changes, (room, body.user_id), fact.offset, None)
            if isinstance(body, MemberRemoved) and body.banned:
                moderate(changes.moderation, prior.watched, fact)
            if fact.workspace_id == room:
                changes.departures[room, body.user_id] = fact.offset, fact.at
        case MemberRoleChanged():
            if member := _member(changes, prior, (room, body.user_id)):
                changes.members[room, body.user_id] = member._replace(role=body.role)
                if watched := prior.watched.get(room):
                    watched.note_role(body.user_id, fact.offset, member.role, body.role)
        case (
            MemberMuted()
            | MemberUnmuted()
            | MemberUnbanned()
            | WordFilterChanged()
            | MessageReported()
            | MessageFlagged()
            | ReportResolved()
        ):
            moderate(changes.moderation, prior.watched, fact)
        case _ if isinstance(body, OnMessage):
            changes.texts.fold(fact, body, prior.messages)
        case _:
            _fold_reaction(changes, fact)


def _fold_hook(
    changes: Changes, fact: Fact, body: HookCreated | HookRotated | HookRevoked, prior: Prior
) -> None:
    key = fact.room_id, body.hook_id
    match body:
        case HookCreated(name=name, token_hash=token):
            changes.hooks.setdefault(key, Hook(name, token, fact.sender_id, fact.at))
            if _member(changes, prior, key) is None:
                _turn(changes, key, fact.offset, Member("bot", fact.offset, fact.at))
        case HookRotated(token_hash=token):
            changes.rotated[key] = token, fact.at
            if (made := changes.hooks.get(key)) is not None:
                changes.hooks[key] = made._replace(token_hash=token, rotated_at=fact.at)
        case HookRevoked():
            changes.hooks.pop(key, None)
            changes.rotated.pop(key, None)
            changes.revoked_hooks.add(key)
            _turn(changes, key, fact.offset, None)


def _change_settings(changes: Changes, fact: Fact, body: RoomSettingsChanged, prior: Prior) -> None:
    had = changes.settings.get(fact.room_id, Settings())
    archived = had.archived if body.archived is None else body.archived
    read_only = had.read_only if body.read_only is None else body.read_only
    history = body.history or had.history
    previews = had.link_previews if body.link_previews is None else body.link_previews
    slow = had.slow_mode_s if body.slow_mode_s is None else body.slow_mode_s
    changes.settings[fact.room_id] = Settings(archived, read_only, history, previews, slow)
    if body.slow_mode_s is not None:
        moderate(changes.moderation, prior.watched, fact)


def _fold_reaction(changes: Changes, fact: Fact) -> None:
    room, body = fact.room_id, fact.body
    match body:
        case ReactionAdded():
            key = (room, body.target_id, body.emoji, fact.sender_id)
            changes.reactions.setdefault(key, fact.at)
        case ReactionRemoved():
            key = (room, body.target_id, body.emoji, fact.sender_id)
            changes.reactions.pop(key, None)
            changes.withdrawn.add(key)
        case _:
            raise TypeError(f"no read model knows what to do with {type(body).__name__}")


def _create_room(changes: Changes, fact: Fact, body: RoomCreated, prior: Prior) -> None:
    if fact.room_id in prior.rooms or fact.room_id in changes.rooms:
        return
    changes.rooms[fact.room_id] = (fact, body)
    for first in body.members:
        new = Member(first.role, fact.offset, fact.at)
        _turn(changes, (fact.room_id, first.user_id), fact.offset, new)
        _tell(changes, fact, first.user_id)


def _tell(changes: Changes, fact: Fact, user: str) -> None:
    if user != fact.sender_id:
        at = fact.offset, fact.sender_id, fact.at
        changes.told.append(Told(user, "invite", fact.event_id, fact.room_id, *at))


def _fold_user(changes: Changes, fact: UserFact, prior: Prior) -> None:
    body = fact.body
    if isinstance(body, RelationBody):
        two = pair(fact.user_id, body.other_id)
        before = changes.relations.get(two) or prior.relations.get(two, NOTHING)
        now = changes.relations[two] = after(before, fact.user_id, body, fact.at)
        changes.told += [
            Told(user, kind, fact.event_id, None, None, sender, fact.at)
            for user, kind, sender in notices(before, now, fact.user_id, body)
        ]
        return
    if fact.user_id in prior.erased or fact.user_id in changes.erased:
        return
    match body:
        case UserDeleted():
            _erase_user(changes, fact)
        case UserRegistered(name=name):
            changes.registered.setdefault(fact.user_id, (name, fact.at))
        case UserRenamed(name=name):
            changes.renamed[fact.user_id] = name
        case body if isinstance(body, ScheduleBody):
            known = changes.schedules.get(body.schedule_id) or prior.schedules.get(body.schedule_id)
            if (new := schedules.fold(known, fact, body)) is not None:
                changes.schedules[body.schedule_id] = new
        case FileStored(file_id=file):
            changes.files.setdefault(file, (fact, body))
        case FileRemoved(file_id=file):
            if file in changes.files and changes.files[file][0].user_id == fact.user_id:
                del changes.files[file]
            changes.removed_files.add((file, fact.user_id))
        case _:
            raise TypeError(f"no read model knows what to do with {type(body).__name__}")


def _erase_user(changes: Changes, fact: UserFact) -> None:
    """Drop what the batch brought of an account that ends; the tables' rows go before what it brings is written."""
    user = fact.user_id
    changes.erased[user] = fact.at
    changes.registered.pop(user, None)
    changes.renamed.pop(user, None)
    changes.schedules = {k: s for k, s in changes.schedules.items() if s.user_id != user}
    changes.files = {k: v for k, v in changes.files.items() if v[0].user_id != user}


def _turn(changes: Changes, key: MemberKey, offset: int, member: Member | None) -> None:
    changes.members[key] = member
    changes.turns.setdefault(key, []).append((offset, member is not None))


def is_member_at(changes: Changes, prior: Prior, key: MemberKey, offset: int) -> bool:
    """Tell whether somebody is a member of a room at a place in the batch."""
    is_member = key in prior.members
    for since, then in changes.turns.get(key, ()):
        if since > offset:
            break
        is_member = then
    return is_member


def _member(changes: Changes, prior: Prior, key: MemberKey) -> Member | None:
    return changes.members[key] if key in changes.members else prior.members.get(key)


def _count_members(changes: Changes, prior: Prior) -> None:
    """Drop what is as it was, and count by room what really came and went."""
    for key, now in list(changes.members.items()):
        before = prior.members.get(key)
        if now == before:
            del changes.members[key]
        else:
            changes.member_delta[key[0]] += (now is not None) - (before is not None)
            if before is None:
                changes.joined.add(key)


def _users(fact: Fact) -> list[str]:
    body = fact.body
    if isinstance(body, RoomCreated):
        return [m.user_id for m in body.members]
    user = getattr(body, "user_id", None) or getattr(body, "hook_id", None)
    return [user] if user else []
