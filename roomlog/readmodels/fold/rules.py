"""What each event changes in its room. Pure."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from roomlog import ids
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
from roomlog.moderation import FOREVER
from roomlog.readmodels.fold.room import Created, Hook, Member, Message, Room
from roomlog.readmodels.tables import AUDIT, BANS, FILTERS, MEMBER_MUTES, REPORTS, SLOW_POSTS


def notify(room: Room, event: ChatEvent, offset: int) -> None:
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


def _create(room: Room, event: ChatEvent, body: RoomCreated, offset: int) -> None:
    if room.created is None:
        room.created = Created(event, offset, body, body.name, body.topic)
        for first in body.members:
            room.members[first.user_id] = Member(first.role, offset, event.occurred_at)


def _rename(room: Room, _event: ChatEvent, body: RoomRenamed, _offset: int) -> None:
    if room.created is not None:
        room.created.name = body.name


def _change_topic(room: Room, _event: ChatEvent, body: RoomTopicChanged, _offset: int) -> None:
    if room.created is not None:
        room.created.topic = body.topic


def _change_language(
    room: Room, _event: ChatEvent, body: RoomLanguageChanged, _offset: int
) -> None:
    if room.created is not None:
        room.created.language = body.language


def _change_settings(
    room: Room, _event: ChatEvent, body: RoomSettingsChanged, _offset: int
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


def _invite(room: Room, event: ChatEvent, body: InviteCreated, _offset: int) -> None:
    room.invites.setdefault(body.invite_id, (event, body))


def _revoke(room: Room, _event: ChatEvent, body: InviteRevoked, _offset: int) -> None:
    room.invites.pop(body.invite_id, None)


def _make_hook(room: Room, event: ChatEvent, body: HookCreated, offset: int) -> None:
    new = Hook(body.name, body.token_hash, event.sender_id, event.occurred_at)
    room.hooks.setdefault(body.hook_id, new)
    room.members.setdefault(body.hook_id, Member("bot", offset, event.occurred_at))


def _rotate_hook(room: Room, event: ChatEvent, body: HookRotated, _offset: int) -> None:
    if (hook := room.hooks.get(body.hook_id)) is not None:
        hook.token_hash, hook.rotated_at = body.token_hash, event.occurred_at


def _revoke_hook(room: Room, _event: ChatEvent, body: HookRevoked, _offset: int) -> None:
    room.hooks.pop(body.hook_id, None)
    room.members.pop(body.hook_id, None)


def _enter(room: Room, event: ChatEvent, body: MemberJoined | MemberInvited, offset: int) -> None:
    room.members.setdefault(body.user_id, Member(body.role, offset, event.occurred_at))


def _exit(room: Room, event: ChatEvent, body: MemberLeft | MemberRemoved, _offset: int) -> None:
    room.members.pop(body.user_id, None)
    if isinstance(body, MemberRemoved) and body.banned:
        row = (event.sender_id, event.occurred_at, body.reason)
        room.moderation[BANS.name].setdefault(body.user_id, row)


def _unban(room: Room, _event: ChatEvent, body: MemberUnbanned, _offset: int) -> None:
    room.moderation[BANS.name].pop(body.user_id, None)


def _mute(room: Room, event: ChatEvent, body: MemberMuted, _offset: int) -> None:
    until = FOREVER if body.until is None else body.until
    row = (until, event.sender_id, event.occurred_at, body.reason)
    room.moderation[MEMBER_MUTES.name][body.user_id] = row


def _unmute(room: Room, _event: ChatEvent, body: MemberUnmuted, _offset: int) -> None:
    room.moderation[MEMBER_MUTES.name].pop(body.user_id, None)


def _change_filter(room: Room, event: ChatEvent, body: WordFilterChanged, _offset: int) -> None:
    rows = room.moderation[FILTERS.name]
    if body.action is None:
        rows.pop(body.words, None)
    else:
        rows[body.words] = (body.action, event.sender_id, event.occurred_at)


def _report(
    room: Room, event: ChatEvent, body: MessageReported | MessageFlagged, _offset: int
) -> None:
    is_flag = isinstance(body, MessageFlagged)
    reason = body.words if isinstance(body, MessageFlagged) else body.reason
    row = (is_flag, reason, event.occurred_at, None, None, None, None)
    room.moderation[REPORTS.name].setdefault((body.target_id, event.sender_id), row)


def _resolve(room: Room, event: ChatEvent, body: ReportResolved, _offset: int) -> None:
    rows = room.moderation[REPORTS.name]
    for (target, user), row in rows.items():
        if target == body.target_id and row[4] is None:
            done = (event.sender_id, event.occurred_at, body.outcome, body.note)
            rows[target, user] = (*row[:3], *done)


def audit(room: Room, event: ChatEvent, offset: int) -> None:
    """Note what moderators did."""
    details = msgspec.json.decode(msgspec.json.encode(event.body))
    row = (event.event_id, event.sender_id, event.type, details, event.occurred_at)
    room.moderation[AUDIT.name][offset] = row


def _change_role(room: Room, _event: ChatEvent, body: MemberRoleChanged, _offset: int) -> None:
    if (member := room.members.get(body.user_id)) is not None:
        member.role = body.role


def _post(room: Room, event: ChatEvent, body: MessagePosted, offset: int) -> None:
    room.messages[event.event_id] = Message(
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


def _edit(room: Room, event: ChatEvent, body: MessageEdited, offset: int) -> None:
    message = room.messages.get(body.target_id)
    if message is not None and message.deleted_at is None:
        if not message.texts:
            first = message.sender, message.at, message.text, message.sealed
            message.texts.append((message.offset, *first))
        message.text, message.sealed = _texts(body.text)
        message.edited_at = event.occurred_at
        new = event.sender_id, event.occurred_at, message.text, message.sealed
        message.texts.append((offset, *new))


def _delete(room: Room, event: ChatEvent, body: MessageDeleted, _offset: int) -> None:
    room.pins.pop(body.target_id, None)
    message = room.messages.get(body.target_id)
    if message is not None and message.deleted_at is None:
        said = message.text, message.sealed, message.mentions, message.attachments
        message.kept = (event.sender_id, *said)
        message.text = message.sealed = None
        message.mentions, message.attachments = [], []
        message.deleted_at = event.occurred_at


def _restore(room: Room, _event: ChatEvent, body: MessageRestored, _offset: int) -> None:
    message = room.messages.get(body.target_id)
    if message is not None and message.kept is not None:
        _, message.text, message.sealed, message.mentions, message.attachments = message.kept
        message.kept = message.deleted_at = None


def _pin(room: Room, event: ChatEvent, body: MessagePinned, offset: int) -> None:
    room.pins.setdefault(body.target_id, (offset, event.sender_id, event.occurred_at))


def _unpin(room: Room, _event: ChatEvent, body: MessageUnpinned, _offset: int) -> None:
    room.pins.pop(body.target_id, None)


def _react(room: Room, event: ChatEvent, body: ReactionAdded, _offset: int) -> None:
    key = (body.target_id, body.emoji, event.sender_id)
    room.reactions.setdefault(key, event.occurred_at)


def _unreact(room: Room, event: ChatEvent, body: ReactionRemoved, _offset: int) -> None:
    room.reactions.pop((body.target_id, body.emoji, event.sender_id), None)


def _texts(text: Text) -> tuple[str | None, dict[str, str] | None]:
    """Return plain and sealed text, one of them None."""
    if not isinstance(text, SealedText):
        return text, None
    nonce, ciphertext = (base64.b64encode(b).decode() for b in (text.nonce, text.ciphertext))
    return None, {"key_id": text.key_id, "nonce": nonce, "ciphertext": ciphertext}


RULES: Mapping[type, Callable[[Room, ChatEvent, Any, int], None]] = {
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
