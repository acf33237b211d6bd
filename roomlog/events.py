"""The facts of the log: what happened in a room, in the past tense and frozen.

Each class here is one branch of the union in `schemas/chat_event.avsc`, field for field.
"""

from typing import ClassVar, Literal, get_args

from msgspec import Struct

RoomKind = Literal["public", "private", "direct", "group", "workspace"]
"""A workspace is a room too: the one of all its members, in which nothing is said (decision 15)."""
Role = Literal["owner", "admin", "moderator", "member", "guest"]
"""In a room that is no workspace: owner, moderator or member."""
MemberRole = Role | Literal["bot"]
"""What somebody in a room is: a person by their role, or the bot that an incoming hook posts as."""
History = Literal["all", "joined"]
"""What members read: all of the room, or what came since they joined."""
FilterAction = Literal["refuse", "mask", "flag"]
ReportAction = Literal["dismissed", "deleted", "muted", "removed", "banned"]
"""What a moderator did about what was reported."""
ROOM_KINDS: tuple[str, ...] = get_args(RoomKind)
ROLES: tuple[str, ...] = get_args(Role)


class SealedText(Struct, frozen=True):
    """A text that only holders of a key can read."""

    key_id: str
    nonce: bytes
    ciphertext: bytes


Text = str | SealedText


class Attachment(Struct, frozen=True):
    """A file that belongs to a message, by the id under which the API serves it."""

    file_id: str
    name: str
    media_type: str
    size_bytes: int
    width: int = 0
    """Of an image, in pixels as it is shown; 0: not known."""
    height: int = 0


class FirstMember(Struct, frozen=True):
    """A member that a room starts with."""

    user_id: str
    role: Role


class RoomCreated(Struct, frozen=True):
    """A room began; its first members are in it from this position on."""

    name: str
    kind: RoomKind
    topic: str = ""
    members: tuple[FirstMember, ...] = ()
    workspace: str = ""
    """The workspace that the room is in; "" is the one that everybody is in."""
    slug: str = ""
    """Of a workspace: its name in addresses, which its id is derived from."""


class RoomRenamed(Struct, frozen=True):
    """A room got another name."""

    name: str


class RoomTopicChanged(Struct, frozen=True):
    """A room got another topic."""

    topic: str


class RoomLanguageChanged(Struct, frozen=True):
    """A room said which language it speaks (`roomlog.search.languages`); search takes note."""

    language: str


class RoomSettingsChanged(Struct, frozen=True):
    """A room got other settings; None where one stays as it was."""

    archived: bool | None = None
    """Nothing more is said in it, and lists leave it out."""
    read_only: bool | None = None
    """Only owners and moderators say something in it."""
    history: History | None = None
    link_previews: bool | None = None
    """What links lead to is shown under messages."""
    slow_mode_s: int | None = None
    """Seconds between two messages of one member; owners and moderators may say more. 0: no limit."""


class InviteCreated(Struct, frozen=True):
    """People who have the secret that `invite_id` is derived from may join a workspace."""

    invite_id: str
    role: Role
    expires_at: int
    """Microseconds since 1970."""


class InviteRevoked(Struct, frozen=True):
    """An invite is good no more; who joined by it stays."""

    invite_id: str


class HookCreated(Struct, frozen=True):
    """A room got an incoming hook, whose bot is in the room from this position on.

    Other systems post through it with a token, of which the log has a hash only.
    """

    hook_id: str
    """The user id of its bot, too."""
    name: str
    token_hash: str
    """SHA-256, in hex."""


class HookRotated(Struct, frozen=True):
    """A hook got another token; the one before is good no more."""

    hook_id: str
    token_hash: str


class HookRevoked(Struct, frozen=True):
    """A hook ended, and its bot left: nothing that it sends after this position counts."""

    hook_id: str


class MemberJoined(Struct, frozen=True):
    """A person became a member by their own act."""

    user_id: str
    role: Role = "member"


class MemberLeft(Struct, frozen=True):
    """A member left by their own act."""

    user_id: str


class MemberInvited(Struct, frozen=True):
    """A person was made a member by another."""

    user_id: str
    role: Role = "member"


class MemberRemoved(Struct, frozen=True):
    """A member was removed by another; nothing after this position reaches them."""

    user_id: str
    banned: bool = False
    """They do not come back until MemberUnbanned."""
    reason: str = ""


class MemberRoleChanged(Struct, frozen=True):
    """A member got another role."""

    user_id: str
    role: Role


class MessagePosted(Struct, frozen=True):
    """A message was posted; `reply_to` is the event id of the message that it answers."""

    text: Text
    reply_to: str | None = None
    mentions: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()


class MessageEdited(Struct, frozen=True):
    """A message got another text."""

    target_id: str
    text: Text


class MessageDeleted(Struct, frozen=True):
    """A message was withdrawn; a tombstone stays."""

    target_id: str


class ReactionAdded(Struct, frozen=True):
    """A person reacted to a message."""

    target_id: str
    emoji: str


class ReactionRemoved(Struct, frozen=True):
    """A person withdrew their reaction."""

    target_id: str
    emoji: str


class MessageRestored(Struct, frozen=True):
    """A deletion was taken back: the message says what it said before."""

    target_id: str


class MessagePinned(Struct, frozen=True):
    """A message was put among those that the room keeps in view."""

    target_id: str


class MessageUnpinned(Struct, frozen=True):
    """A message is kept in view no more; its deletion does that too."""

    target_id: str


class MemberUnbanned(Struct, frozen=True):
    """A person who was banned may come in again."""

    user_id: str


class MemberMuted(Struct, frozen=True):
    """A member reads, and says nothing."""

    user_id: str
    until: int | None = None
    """Microseconds since 1970; None: until MemberUnmuted."""
    reason: str = ""


class MemberUnmuted(Struct, frozen=True):
    """A member who was muted may speak again."""

    user_id: str


class WordFilterChanged(Struct, frozen=True):
    """What becomes of messages with these words (`roomlog.wordfilters`); None: nothing any more."""

    words: str
    """Their indexed forms, with a space between two."""
    action: FilterAction | None = None


class MessageReported(Struct, frozen=True):
    """A member told the moderators of a message."""

    target_id: str
    reason: str


class MessageFlagged(Struct, frozen=True):
    """A message has words that moderators want to know of; its own author's event."""

    target_id: str
    words: str


class ReportResolved(Struct, frozen=True):
    """A moderator is done with what was reported of a message."""

    target_id: str
    outcome: ReportAction
    note: str = ""


Body = (
    RoomCreated
    | RoomRenamed
    | RoomTopicChanged
    | MemberJoined
    | MemberLeft
    | MemberInvited
    | MemberRemoved
    | MemberRoleChanged
    | MessagePosted
    | MessageEdited
    | MessageDeleted
    | ReactionAdded
    | ReactionRemoved
    | RoomLanguageChanged
    | RoomSettingsChanged
    | InviteCreated
    | InviteRevoked
    | MessageRestored
    | MessagePinned
    | MessageUnpinned
    | HookCreated
    | HookRotated
    | HookRevoked
    | MemberMuted
    | MemberUnmuted
    | MemberUnbanned
    | WordFilterChanged
    | MessageReported
    | MessageFlagged
    | ReportResolved
)
BODY_TYPES: dict[str, type[Struct]] = {t.__name__: t for t in get_args(Body)}


class ChatEvent(Struct, frozen=True):
    """One durable action in one room: the record of topic `chat.events`, whose key is the room id."""

    SUBJECT: ClassVar[str] = "chat.events-value"

    event_id: str
    room_id: str
    workspace_id: str
    sender_id: str
    key: str
    """The idempotency key of the command that led here."""
    occurred_at: int
    """Microseconds since 1970, by the clock of the node (or of the bridge's source)."""
    node: str
    body: Body
    via: str | None = None
    """The account that acted in the sender's name: a bridge, an import or the REST API."""
    trace: str | None = None

    @property
    def type(self) -> str:
        """The fact's name, as clients and analysts see it."""
        return type(self.body).__name__
