"""One example of every record that goes over the log, with every optional field in use."""

from roomlog import ids
from roomlog.accounts import (
    USER_TYPES,
    FileRemoved,
    FileStored,
    FriendAccepted,
    FriendRemoved,
    FriendRequested,
    UserBlocked,
    UserDeleted,
    UserEvent,
    UserRegistered,
    UserRenamed,
    UserUnblocked,
)
from roomlog.events import (
    BODY_TYPES,
    Attachment,
    ChatEvent,
    FirstMember,
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
    WordFilterChanged,
)
from roomlog.reads import (
    READ_TYPES,
    NotificationRead,
    ReadEvent,
    ReadMarked,
    RoomMuted,
    RoomUnmuted,
)
from roomlog.schedules import (
    MessageScheduled,
    ScheduleCancelled,
    ScheduleChanged,
    ScheduledMessageRefused,
    ScheduledMessageSent,
    SendingStarted,
)
from roomlog.signals import (
    SIGNAL_TYPES,
    ChatSignal,
    PresenceChanged,
    RoomAttached,
    RoomDetached,
    SessionsChanged,
    UserNotified,
    UserTyping,
)
from schemas import files
from schemas.codec import chat_event_codec, chat_signal_codec, read_event_codec, user_event_codec

A, B, C = (ids.derived_id(name) for name in "ABC")
SEALED = SealedText("key-1", bytes(range(12)), b"\x00\xff" * 40)
FILE = Attachment(C, "übersicht.pdf", "application/pdf", 2**40)
IMAGE = Attachment(C, "🎉.png", "image/png", 1, 4_000, 3_000)

CHAT_BODIES = [
    RoomCreated("Über 🎉", "private", "topic", (FirstMember(A, "owner"), FirstMember(B, "member"))),
    RoomCreated("r", "direct"),
    RoomCreated("Acme", "workspace", members=(FirstMember(A, "owner"),), slug="acme"),
    RoomCreated("r", "group", workspace=B),
    RoomSettingsChanged(archived=True),
    RoomSettingsChanged(read_only=False, history="joined", link_previews=False),
    RoomSettingsChanged(slow_mode_s=30),
    InviteCreated(C, "guest", 1_700_000_000_000_000),
    InviteRevoked(C),
    HookCreated(C, "CI", "0" * 64),
    HookRotated(C, "f" * 64),
    HookRevoked(C),
    RoomRenamed("name"),
    RoomTopicChanged(""),
    RoomLanguageChanged("en"),
    MemberJoined(A),
    MemberLeft(A),
    MemberInvited(A, "moderator"),
    MemberRemoved(A),
    MemberRoleChanged(A, "owner"),
    MessagePosted(""),
    MessagePosted("text with \N{SNOWMAN} and 'quotes'\n", C, (A, B), (FILE, IMAGE)),
    MessagePosted(SEALED, C, (A,), (FILE,)),
    MessageEdited(C, "x" * 8000),
    MessageEdited(C, SEALED),
    MessageDeleted(C),
    MessageRestored(C),
    MessagePinned(C),
    MessageUnpinned(C),
    ReactionAdded(C, "👍🏽"),
    ReactionRemoved(C, "+1"),
    MemberRemoved(A, banned=True, reason="spam"),
    MemberMuted(A),
    MemberMuted(A, 1_700_000_000_000_000, "calm down"),
    MemberUnmuted(A),
    MemberUnbanned(A),
    WordFilterChanged("rude word", "mask"),
    WordFilterChanged("rude"),
    MessageReported(C, "spam"),
    MessageFlagged(C, "rude"),
    ReportResolved(C, "deleted", "clear"),
]
SIGNAL_BODIES = [
    RoomAttached(C, {A: "online", B: "away"}),
    RoomAttached(C, {}),
    RoomDetached(C),
    PresenceChanged(C, (A,), (B,), (A, B)),
    PresenceChanged(C),
    UserTyping(C, A),
    SessionsChanged(A, "offline"),
    UserNotified(A, "mention", B, 7, C, B, 1_700_000_000_000_000, "hello"),
    UserNotified(A, "read", B, 7),
    UserNotified(A, "notifications_read", "", -1, events=(B, C)),
    UserNotified(A, "mute", B, -1, level="mentions", ends_at=1_700_000_000_000_000),
]
READ_BODIES = [
    ReadMarked(2**40),
    NotificationRead(C),
    RoomMuted("nothing"),
    RoomMuted("mentions", 1_700_000_000_000_000),
    RoomUnmuted(),
]
USER_BODIES = [
    UserRegistered("Zoë"),
    UserRenamed(""),
    UserDeleted(),
    MessageScheduled(C, A, "later", 1_700_000_000_000_000, B, (A, B), (C, A)),
    ScheduleChanged(C, "other", 1_700_000_000_000_001),
    ScheduleChanged(C),
    ScheduleCancelled(C),
    SendingStarted(C),
    ScheduledMessageSent(C),
    ScheduledMessageRefused(C, "join the room first"),
    FileStored(C, "0" * 64, "übersicht.pdf", "application/pdf", 2**40),
    FileStored(C, "f" * 64, "🎉.png", "image/png", 1, 4_000, 3_000),
    FileRemoved(C),
    FriendRequested(B),
    FriendAccepted(B),
    FriendRemoved(B),
    UserBlocked(B),
    UserUnblocked(B),
]

CHAT = [ChatEvent(C, A, "w", B, "key", -1, "n1", body) for body in CHAT_BODIES] + [
    ChatEvent(C, A, "", B, "key", 2**62, "", body, via=A, trace="00-ab-cd-01")
    for body in CHAT_BODIES
]
SIGNALS = [ChatSignal("n1-0a", 1_700_000_000_000_000, body) for body in SIGNAL_BODIES]
READS = [ReadEvent(A, B, 1_700_000_000_000_000, "n1", body) for body in READ_BODIES]
USERS = [UserEvent(C, A, 1_700_000_000_000_000, body) for body in USER_BODIES]

WRITER_ID = 42
CODECS = {
    record.SUBJECT: codec(WRITER_ID, {WRITER_ID: files.current(record.SUBJECT)})
    for record, codec in (
        (ChatEvent, chat_event_codec),
        (ChatSignal, chat_signal_codec),
        (ReadEvent, read_event_codec),
        (UserEvent, user_event_codec),
    )
}
EVERY = [*CHAT, *SIGNALS, *READS, *USERS]
for bodies, types in (
    (CHAT_BODIES, BODY_TYPES),
    (SIGNAL_BODIES, SIGNAL_TYPES),
    (READ_BODIES, READ_TYPES),
    (USER_BODIES, USER_TYPES),
):
    missing = set(types.values()) - {type(body) for body in bodies}
    assert not missing, f"give an example of {missing}"


def name(record) -> str:
    return f"{type(record).__name__}-{type(record.body).__name__}"
