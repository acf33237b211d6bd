"""What the log folds to: the rows that the read models must have, one event after the other. Pure.

The projector gets to the same rows on another way (batches, COPY, what the tables hold already). This one is
slow, simple and independent of it, for whoever wants to know whether the tables are right.
"""

import base64
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from roomlog import ids
from roomlog.accounts import (
    FileRemoved,
    FileStored,
    RelationBody,
    UserDeleted,
    UserEvent,
    UserRegistered,
    UserRenamed,
)
from roomlog.events import (
    ChatEvent,
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
    MemberRoleChanged,
    MemberUnbanned,
    MemberUnmuted,
    MessageDeleted,
    MessageEdited,
    MessageFlagged,
    MessagePinned,
    MessagePosted,
    MessageReported,
    MessageRestored,
    MessageUnpinned,
    ReactionAdded,
    ReactionRemoved,
    ReportResolved,
    RoomCreated,
    RoomLanguageChanged,
    RoomRenamed,
    RoomSettingsChanged,
    RoomTopicChanged,
    SealedText,
    Text,
    WordFilterChanged,
)
from roomlog.moderation import (
    AUDITED,
    FOREVER,
    UNSEEN,
    Standing,
    brings_back,
    is_silenced,
)
from roomlog.partitions import partition_of
from roomlog.readmodels.tables import (
    APPLIED,
    ATTACHED,
    AUDIT,
    BANS,
    BLOCKS,
    DAY_MICROS,
    DELETED,
    EARLIEST_MICROS,
    ERASED,
    FILES,
    FILTERS,
    FRIENDSHIPS,
    HOOKS,
    HOUR_MICROS,
    INVITES,
    LATEST_MICROS,
    MARK_EVERY,
    MARKERS,
    MARKS,
    MEMBER_MUTES,
    MEMBERS,
    MESSAGES,
    MUTES,
    NOTIFICATION_READS,
    NOTIFICATIONS,
    OF_ROOMS,
    OWN,
    PINS,
    REACTIONS,
    REPORTS,
    ROOMS,
    SCHEDULED,
    SENDERS,
    SLOW_POSTS,
    STATS,
    TEXTS,
    USERS,
    VOID,
    Key,
    Row,
)
from roomlog.reads import NotificationRead, ReadEvent, ReadMarked, RoomMuted, RoomUnmuted
from roomlog.relations import NOTHING, Pair, Relation, after, notices, pair
from roomlog.rooms import takes_effect
from roomlog.schedules import (
    MessageScheduled,
    ScheduleBody,
    ScheduleCancelled,
    ScheduleChanged,
    ScheduledMessageRefused,
    ScheduledMessageSent,
    SendingStarted,
    message_id,
)
from roomlog.search.languages import SIMPLE

Rows = dict[str, dict[Key, Row]]
"""Table -> its rows by key, in the form of `Table.values`."""

_MODERATION = (SLOW_POSTS, MEMBER_MUTES, BANS, FILTERS, REPORTS, AUDIT)

_NEVER = EARLIEST_MICROS // DAY_MICROS
_Text = tuple[int, str, int, str | None, dict[str, str] | None]
"""Where, by whom and when a message got a text, and the text, plain or sealed."""


class _Message(Struct):
    offset: int
    sender: str
    at: int
    text: str | None
    sealed: dict[str, str] | None
    reply_to: str | None
    mentions: list[str]
    attachments: list[dict[str, Any]]
    edited_at: int | None = None
    deleted_at: int | None = None
    texts: list[_Text] = field(default_factory=list)
    """Those of an edited message, the first among them."""
    kept: tuple[Any, ...] | None = None
    """Who deleted it, and what it said."""

    @property
    def row(self) -> Row:
        return msgspec.structs.astuple(self)[:-2]


class _Member(Struct, gc=False):
    role: str
    joined_offset: int
    joined_at: int


class _Hook(Struct, gc=False):
    name: str
    token_hash: str
    created_by: str
    created_at: int
    rotated_at: int | None = None


class _Created(Struct, gc=False):
    event: ChatEvent
    offset: int
    body: RoomCreated
    name: str
    topic: str
    language: str = SIMPLE
    archived: bool = False
    read_only: bool = False
    history: str = "all"
    link_previews: bool = True
    slow_mode_s: int = 0


class _Room(Struct):
    created: _Created | None = None
    last: tuple[int, int] = (-1, 0)
    """Offset and time of the last event that counts."""
    members: dict[str, _Member] = field(default_factory=dict)
    messages: dict[str, _Message] = field(default_factory=dict)
    reactions: dict[tuple[str, str, str], int] = field(default_factory=dict)
    pins: dict[str, tuple[int, str, int]] = field(default_factory=dict)
    void: dict[str, int] = field(default_factory=dict)
    """Event without an effect -> its offset."""
    attached: dict[tuple[str, str], int] = field(default_factory=dict)
    """Message and file -> the message's offset, also of a message that was deleted."""
    invites: dict[str, tuple[ChatEvent, InviteCreated]] = field(default_factory=dict)
    hooks: dict[str, _Hook] = field(default_factory=dict)
    notifications: dict[tuple[str, str], Row] = field(default_factory=dict)
    """User and event -> the rest of the row."""
    moderation: dict[str, dict[Any, Row]] = field(
        default_factory=lambda: {table.name: {} for table in _MODERATION}
    )
    """Table -> its rows of this room, by the rest of the key."""

    def counts(self, event: ChatEvent) -> bool:
        """Tell whether an event has an effect here."""
        kind, member = type(event.body), self.members.get(event.sender_id)
        banned = self.moderation[BANS.name]
        if not takes_effect(kind, member is not None) or brings_back(event.body, banned):
            return False
        if member is None:
            return True
        muted = self.moderation[MEMBER_MUTES.name].get(event.sender_id, (0,))[0]
        said = self.moderation[SLOW_POSTS.name].get(event.sender_id, (None,))[0]
        standing = Standing(member.role, muted, said)  # type: ignore[arg-type]
        slow = self.created.slow_mode_s if self.created is not None else 0
        return not is_silenced(kind, standing, event.occurred_at, slow)


class ChatFold:
    """Folds one partition of chat.events."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._rooms: dict[str, _Room] = {}
        self.applied: dict[str, int | None] = {}
        """Ids of the events that are no messages."""

    @property
    def rooms(self) -> Iterable[str]:
        """The rooms that the partition's events are in."""
        return self._rooms.keys()

    def take(self, event: ChatEvent, offset: int, is_refused: bool = False) -> None:
        """Take the next event; one that is refused counts as its room's newest, and has no effect."""
        if not EARLIEST_MICROS <= event.occurred_at <= LATEST_MICROS or not ids.is_id(
            event.room_id
        ):
            return
        if partition_of(event.room_id) != self._partition:
            return
        room = self._rooms.setdefault(event.room_id, _Room())
        seen = (offset, event.occurred_at) if type(event.body) not in UNSEEN else room.last
        if is_refused or self._is_repeat(room, event):
            room.last = seen
            return
        if not isinstance(event.body, MessagePosted):
            self.applied[event.event_id] = offset
        if room.counts(event):
            room.last = seen
            _notify(room, event, offset)
            _RULES[type(event.body)](room, event, event.body, offset)
            if type(event.body) in AUDITED:
                _audit(room, event, offset)
        else:
            room.void[event.event_id] = offset

    def _is_repeat(self, room: _Room, event: ChatEvent) -> bool:
        if not isinstance(event.body, MessagePosted):
            return event.event_id in self.applied
        return event.event_id in room.messages or event.event_id in room.void

    def rows(self) -> Rows:
        """Return the rows of the tables that are about rooms."""
        found: Rows = {table.name: {} for table in OF_ROOMS}
        for room_id, room in self._rooms.items():
            if room.created is not None:
                found[ROOMS.name][room_id,] = _room_row(room, room.created, self._partition)
            for user, member in room.members.items():
                since = member.joined_offset, member.joined_at
                found[MEMBERS.name][room_id, user] = (member.role, *since)
            _add_messages(found, room_id, room)
            for (event_id, emoji, user), at in room.reactions.items():
                found[REACTIONS.name][room_id, event_id, emoji, user] = (at,)
            for event_id, pin in room.pins.items():
                found[PINS.name][room_id, event_id] = pin
            for (event_id, file), offset in room.attached.items():
                found[ATTACHED.name][room_id, event_id, file] = (offset,)
            for event_id, offset in room.void.items():
                found[VOID.name][room_id, offset] = (event_id,)
            for hook_id, hook in room.hooks.items():
                found[HOOKS.name][room_id, hook_id] = msgspec.structs.astuple(hook)
            for invite, (event, body) in room.invites.items():
                by = event.sender_id, event.occurred_at
                found[INVITES.name][room_id, invite] = (body.role, *by, body.expires_at)
            for (user, event_id), rest in room.notifications.items():
                found[NOTIFICATIONS.name][user, event_id, room_id] = rest
            for table, rows in room.moderation.items():
                found[table] |= {
                    (room_id, *(key if isinstance(key, tuple) else (key,))): row
                    for key, row in rows.items()
                }
        return found


def _add_messages(found: Rows, room_id: str, room: _Room) -> None:
    """Add the messages of a room, and what is counted of them."""
    hours: Counter[int] = Counter()
    days: dict[str, int] = {}
    for number, (event_id, message) in enumerate(room.messages.items(), 1):
        found[MESSAGES.name][room_id, event_id] = message.row
        for offset, *written in message.texts:
            found[TEXTS.name][room_id, event_id, offset] = tuple(written)
        if message.kept is not None:
            found[DELETED.name][room_id, event_id] = message.kept
        hours[message.at // HOUR_MICROS] += 1
        days[message.sender] = max(message.at // DAY_MICROS, days.get(message.sender, _NEVER))
        if number % MARK_EVERY == 0 and room.created is not None:
            found[MARKS.name][room_id, number] = (message.offset,)
    for hour, count in hours.items():
        found[STATS.name][room_id, hour] = (count,)
    for user, day in days.items():
        found[SENDERS.name][room_id, user] = (day,)


def _room_row(room: _Room, created: _Created, partition: int) -> Row:
    event, body = created.event, created.body
    workspace = event.room_id if body.kind == "workspace" else body.workspace
    return (
        workspace or None,
        body.kind,
        created.name,
        created.topic,
        body.slug,
        event.sender_id,
        event.occurred_at,
        partition,
        created.offset,
        *room.last,
        len(room.members),
        len(room.messages),
        sum(message.deleted_at is not None for message in room.messages.values()),
        created.language,
        created.archived,
        created.read_only,
        created.history,
        created.link_previews,
        created.slow_mode_s,
    )


def _notify(room: _Room, event: ChatEvent, offset: int) -> None:
    """Note whom the event is for, as the room is before it."""
    body = event.body
    told: dict[str, str] = {}
    match body:
        case MessagePosted(mentions=mentions):
            if room.created is not None and room.created.body.kind == "direct":
                told = dict.fromkeys(room.members, "direct")
            told |= {user: "mention" for user in mentions if user in room.members}
        case MemberInvited(user_id=user) if user not in room.members:
            told = {user: "invite"}
        case RoomCreated(members=members) if room.created is None:
            told = {first.user_id: "invite" for first in members}
    told.pop(event.sender_id, None)
    for user, kind in told.items():
        row = offset, kind, event.sender_id, event.occurred_at
        room.notifications.setdefault((user, event.event_id), row)


def _create(room: _Room, event: ChatEvent, body: RoomCreated, offset: int) -> None:
    if room.created is None:
        room.created = _Created(event, offset, body, body.name, body.topic)
        for first in body.members:
            room.members[first.user_id] = _Member(first.role, offset, event.occurred_at)


def _rename(room: _Room, _event: ChatEvent, body: RoomRenamed, _offset: int) -> None:
    if room.created is not None:
        room.created.name = body.name


def _change_topic(room: _Room, _event: ChatEvent, body: RoomTopicChanged, _offset: int) -> None:
    if room.created is not None:
        room.created.topic = body.topic


def _change_language(
    room: _Room, _event: ChatEvent, body: RoomLanguageChanged, _offset: int
) -> None:
    if room.created is not None:
        room.created.language = body.language


def _change_settings(
    room: _Room, _event: ChatEvent, body: RoomSettingsChanged, _offset: int
) -> None:
    if (created := room.created) is not None:
        created.archived = created.archived if body.archived is None else body.archived
        created.read_only = created.read_only if body.read_only is None else body.read_only
        created.history = body.history or created.history
        if body.link_previews is not None:
            created.link_previews = body.link_previews
        if body.slow_mode_s is not None:
            created.slow_mode_s = body.slow_mode_s
            room.moderation[SLOW_POSTS.name].clear()


def _invite(room: _Room, event: ChatEvent, body: InviteCreated, _offset: int) -> None:
    room.invites.setdefault(body.invite_id, (event, body))


def _revoke(room: _Room, _event: ChatEvent, body: InviteRevoked, _offset: int) -> None:
    room.invites.pop(body.invite_id, None)


def _make_hook(room: _Room, event: ChatEvent, body: HookCreated, offset: int) -> None:
    new = _Hook(body.name, body.token_hash, event.sender_id, event.occurred_at)
    room.hooks.setdefault(body.hook_id, new)
    room.members.setdefault(body.hook_id, _Member("bot", offset, event.occurred_at))


def _rotate_hook(room: _Room, event: ChatEvent, body: HookRotated, _offset: int) -> None:
    if (hook := room.hooks.get(body.hook_id)) is not None:
        hook.token_hash, hook.rotated_at = body.token_hash, event.occurred_at


def _revoke_hook(room: _Room, _event: ChatEvent, body: HookRevoked, _offset: int) -> None:
    room.hooks.pop(body.hook_id, None)
    room.members.pop(body.hook_id, None)


def _enter(room: _Room, event: ChatEvent, body: MemberJoined | MemberInvited, offset: int) -> None:
    room.members.setdefault(body.user_id, _Member(body.role, offset, event.occurred_at))


def _exit(room: _Room, event: ChatEvent, body: MemberLeft | MemberRemoved, _offset: int) -> None:
    room.members.pop(body.user_id, None)
    if isinstance(body, MemberRemoved) and body.banned:
        row = (event.sender_id, event.occurred_at, body.reason)
        room.moderation[BANS.name].setdefault(body.user_id, row)


def _unban(room: _Room, _event: ChatEvent, body: MemberUnbanned, _offset: int) -> None:
    room.moderation[BANS.name].pop(body.user_id, None)


def _mute(room: _Room, event: ChatEvent, body: MemberMuted, _offset: int) -> None:
    until = FOREVER if body.until is None else body.until
    row = (until, event.sender_id, event.occurred_at, body.reason)
    room.moderation[MEMBER_MUTES.name][body.user_id] = row


def _unmute(room: _Room, _event: ChatEvent, body: MemberUnmuted, _offset: int) -> None:
    room.moderation[MEMBER_MUTES.name].pop(body.user_id, None)


def _change_filter(room: _Room, event: ChatEvent, body: WordFilterChanged, _offset: int) -> None:
    rows = room.moderation[FILTERS.name]
    if body.action is None:
        rows.pop(body.words, None)
    else:
        rows[body.words] = (body.action, event.sender_id, event.occurred_at)


def _report(
    room: _Room, event: ChatEvent, body: MessageReported | MessageFlagged, _offset: int
) -> None:
    is_flag = isinstance(body, MessageFlagged)
    reason = body.words if isinstance(body, MessageFlagged) else body.reason
    row = (is_flag, reason, event.occurred_at, None, None, None, None)
    room.moderation[REPORTS.name].setdefault((body.target_id, event.sender_id), row)


def _resolve(room: _Room, event: ChatEvent, body: ReportResolved, _offset: int) -> None:
    rows = room.moderation[REPORTS.name]
    for (target, user), row in rows.items():
        if target == body.target_id and row[4] is None:
            done = (event.sender_id, event.occurred_at, body.outcome, body.note)
            rows[target, user] = (*row[:3], *done)


def _audit(room: _Room, event: ChatEvent, offset: int) -> None:
    details = msgspec.json.decode(msgspec.json.encode(event.body))
    row = (event.event_id, event.sender_id, event.type, details, event.occurred_at)
    room.moderation[AUDIT.name][offset] = row


def _change_role(room: _Room, _event: ChatEvent, body: MemberRoleChanged, _offset: int) -> None:
    if (member := room.members.get(body.user_id)) is not None:
        member.role = body.role


def _post(room: _Room, event: ChatEvent, body: MessagePosted, offset: int) -> None:
    room.messages[event.event_id] = _Message(
        offset,
        event.sender_id,
        event.occurred_at,
        *_texts(body.text),
        body.reply_to,
        [user for user in body.mentions if ids.is_id(user)],
        [msgspec.to_builtins(attachment) for attachment in body.attachments],
    )
    for file in body.attachments:
        if ids.is_id(file.file_id):
            room.attached[event.event_id, file.file_id] = offset
    if room.created is not None and room.created.slow_mode_s:
        room.moderation[SLOW_POSTS.name][event.sender_id] = (event.occurred_at,)


def _edit(room: _Room, event: ChatEvent, body: MessageEdited, offset: int) -> None:
    message = room.messages.get(body.target_id)
    if message is not None and message.deleted_at is None:
        if not message.texts:
            first = message.sender, message.at, message.text, message.sealed
            message.texts.append((message.offset, *first))
        message.text, message.sealed = _texts(body.text)
        message.edited_at = event.occurred_at
        new = event.sender_id, event.occurred_at, message.text, message.sealed
        message.texts.append((offset, *new))


def _delete(room: _Room, event: ChatEvent, body: MessageDeleted, _offset: int) -> None:
    room.pins.pop(body.target_id, None)
    message = room.messages.get(body.target_id)
    if message is not None and message.deleted_at is None:
        said = message.text, message.sealed, message.mentions, message.attachments
        message.kept = (event.sender_id, *said)
        message.text = message.sealed = None
        message.mentions, message.attachments = [], []
        message.deleted_at = event.occurred_at


def _restore(room: _Room, _event: ChatEvent, body: MessageRestored, _offset: int) -> None:
    message = room.messages.get(body.target_id)
    if message is not None and message.kept is not None:
        _, message.text, message.sealed, message.mentions, message.attachments = message.kept
        message.kept = message.deleted_at = None


def _pin(room: _Room, event: ChatEvent, body: MessagePinned, offset: int) -> None:
    room.pins.setdefault(body.target_id, (offset, event.sender_id, event.occurred_at))


def _unpin(room: _Room, _event: ChatEvent, body: MessageUnpinned, _offset: int) -> None:
    room.pins.pop(body.target_id, None)


def _react(room: _Room, event: ChatEvent, body: ReactionAdded, _offset: int) -> None:
    key = (body.target_id, body.emoji, event.sender_id)
    room.reactions.setdefault(key, event.occurred_at)


def _unreact(room: _Room, event: ChatEvent, body: ReactionRemoved, _offset: int) -> None:
    room.reactions.pop((body.target_id, body.emoji, event.sender_id), None)


def _texts(text: Text) -> tuple[str | None, dict[str, str] | None]:
    """Return plain and sealed text, one of them None."""
    if not isinstance(text, SealedText):
        return text, None
    nonce, ciphertext = (base64.b64encode(b).decode() for b in (text.nonce, text.ciphertext))
    return None, {"key_id": text.key_id, "nonce": nonce, "ciphertext": ciphertext}


_RULES: Mapping[type, Callable[[_Room, ChatEvent, Any, int], None]] = {
    RoomCreated: _create,
    RoomRenamed: _rename,
    RoomTopicChanged: _change_topic,
    RoomLanguageChanged: _change_language,
    RoomSettingsChanged: _change_settings,
    InviteCreated: _invite,
    InviteRevoked: _revoke,
    HookCreated: _make_hook,
    HookRotated: _rotate_hook,
    HookRevoked: _revoke_hook,
    MemberJoined: _enter,
    MemberInvited: _enter,
    MemberLeft: _exit,
    MemberRemoved: _exit,
    MemberRoleChanged: _change_role,
    MessagePosted: _post,
    MessageEdited: _edit,
    MessageDeleted: _delete,
    MessageRestored: _restore,
    MessagePinned: _pin,
    MessageUnpinned: _unpin,
    ReactionAdded: _react,
    ReactionRemoved: _unreact,
    MemberMuted: _mute,
    MemberUnmuted: _unmute,
    MemberUnbanned: _unban,
    WordFilterChanged: _change_filter,
    MessageReported: _report,
    MessageFlagged: _report,
    ReportResolved: _resolve,
}


class _Scheduled(Struct):
    user: str
    room: str
    message: str
    text: str
    reply_to: str | None
    mentions: list[str]
    files: list[str]
    send_at: int
    created_at: int
    state: str = "waiting"
    reason: str = ""


class UserFold:
    """Folds user.events, each partition in its order."""

    def __init__(self) -> None:
        self._users: dict[Key, Row] = {}
        self._scheduled: dict[str, _Scheduled] = {}
        self._files: dict[Key, Row] = {}
        self._relations: dict[Pair, Relation] = {}
        self._notifications: dict[Key, Row] = {}
        self._erased: dict[Key, Row] = {}
        self.applied: dict[str, int | None] = {}

    def take(self, event: UserEvent) -> None:
        """Take the next event."""
        if event.event_id in self.applied:
            return
        self.applied[event.event_id] = None
        key, body = (event.user_id,), event.body
        known = self._users.get(key)
        if key in self._erased and not isinstance(body, RelationBody):
            return
        match event.body:
            case UserDeleted():
                self._erased[key] = (event.occurred_at,)
            case UserRegistered(name=name):
                self._users.setdefault(key, (name, event.occurred_at))
            case UserRenamed(name=name):
                if known is not None:
                    self._users[key] = (name, known[1])
            case FileStored(file_id=file):
                stored = msgspec.structs.astuple(event.body)[1:]
                self._files.setdefault((file,), (event.user_id, *stored, event.occurred_at))
            case FileRemoved(file_id=file):
                if self._files.get((file,), key)[:1] == key:
                    self._files.pop((file,), None)
            case MessageScheduled() as body:
                self._schedule(event, body)
            case body if isinstance(body, RelationBody):
                two = pair(event.user_id, body.other_id)
                before = self._relations.get(two, NOTHING)
                now = after(before, event.user_id, body, event.occurred_at)
                self._relations[two] = now
                for user, kind, sender in notices(before, now, event.user_id, body):
                    row = None, kind, sender, event.occurred_at
                    self._notifications[user, event.event_id, None] = row
            case body:
                scheduled = self._scheduled.get(body.schedule_id)
                if scheduled is not None and scheduled.user == event.user_id:
                    _go_on(scheduled, body)

    def _schedule(self, event: UserEvent, body: MessageScheduled) -> None:
        message = message_id(event.user_id, body.room_id, body.schedule_id)
        self._scheduled.setdefault(
            body.schedule_id,
            _Scheduled(
                event.user_id,
                body.room_id,
                message,
                body.text,
                body.reply_to,
                list(body.mentions),
                list(body.attachments),
                body.send_at,
                event.occurred_at,
            ),
        )

    def rows(self) -> Rows:
        """Return the rows of the tables that are about people; notifications are those of no room."""
        return without_erased(self._rows(), {user for (user,) in self._erased})

    def _rows(self) -> Rows:
        found: Rows = {
            ERASED.name: self._erased,
            USERS.name: self._users,
            FRIENDSHIPS.name: {},
            BLOCKS.name: {},
        }
        found[FILES.name] = self._files
        found[NOTIFICATIONS.name] = self._notifications
        found[SCHEDULED.name] = {
            (k,): msgspec.structs.astuple(s) for k, s in self._scheduled.items()
        }
        for (one, other), relation in self._relations.items():
            if relation.asked is not None:
                found[FRIENDSHIPS.name][one, other] = relation.asked
            for blocker, since in relation.blocked_at.items():
                blocked = other if blocker == one else one
                found[BLOCKS.name][blocker, blocked] = (since,)
        return found


def _go_on(scheduled: _Scheduled, body: ScheduleBody) -> None:
    match body:
        case ScheduleChanged() if scheduled.state == "waiting":
            scheduled.text = scheduled.text if body.text is None else body.text
            scheduled.send_at = scheduled.send_at if body.send_at is None else body.send_at
        case ScheduleCancelled() if scheduled.state in ("waiting", "refused"):
            scheduled.state = "cancelled"
        case SendingStarted() if scheduled.state == "waiting":
            scheduled.state = "sending"
        case ScheduledMessageSent() if scheduled.state in ("sending", "refused"):
            scheduled.state, scheduled.reason = "sent", ""
        case ScheduledMessageRefused(reason=reason) if scheduled.state == "sending":
            scheduled.state, scheduled.reason = "refused", reason


class ReadFold:
    """Folds chat.reads, each partition in its order."""

    def __init__(self) -> None:
        self._rows: Rows = {table.name: {} for table in OWN}

    def take(self, event: ReadEvent) -> None:
        """Take the next record: the furthest marker counts, of equal ones the last; of all else the last."""
        place, at = (event.user_id, event.room_id), event.occurred_at
        match event.body:
            case ReadMarked(offset=offset):
                known = self._rows[MARKERS.name].get(place)
                if known is None or known[0] <= offset:
                    self._rows[MARKERS.name][place] = offset, at
            case NotificationRead(event_id=event_id):
                self._rows[NOTIFICATION_READS.name][event.user_id, event_id] = (at,)
            case RoomMuted(level=level, ends_at=ends_at):
                self._rows[MUTES.name][place] = level, ends_at, at
            case RoomUnmuted():
                self._rows[MUTES.name].pop(place, None)

    def rows(self) -> Rows:
        """Return the rows of the tables that are made of it."""
        return self._rows


_PERSONAL: Mapping[str, Callable[[Key, Row], tuple[Any, ...]]] = {
    USERS.name: lambda key, row: key,
    SCHEDULED.name: lambda key, row: (row[0],),
    FILES.name: lambda key, row: (row[0],),
    FRIENDSHIPS.name: lambda key, row: key,
    BLOCKS.name: lambda key, row: key,
    MARKERS.name: lambda key, row: (key[0],),
    NOTIFICATION_READS.name: lambda key, row: (key[0],),
    MUTES.name: lambda key, row: (key[0],),
    NOTIFICATIONS.name: lambda key, row: (key[0], row[2] if key[2] is None else None),
}
"""Table whose rows are somebody's alone -> whose a row is."""


def without_erased(rows: Rows, erased: Collection[str]) -> Rows:
    """Return rows without what is only these people's, who deleted their accounts: whatever came first in the log."""
    if not erased:
        return rows
    return {
        name: found
        if (whose := _PERSONAL.get(name)) is None
        else {k: row for k, row in found.items() if not any(p in erased for p in whose(k, row))}
        for name, found in rows.items()
    }


def applied_rows(applied: Mapping[str, int | None]) -> Rows:
    """Return the rows of `applied_events`: event id -> its offset, None where it is of no room."""
    return {APPLIED.name: {(event_id,): (offset,) for event_id, offset in applied.items()}}
