"""One room, as far as its events were folded. Pure."""

from typing import Any

import msgspec
from msgspec import Struct, field

from roomlog.events import ChatEvent, InviteCreated, RoomCreated
from roomlog.moderation import Standing, brings_back, is_silenced
from roomlog.readmodels.tables import AUDIT, BANS, FILTERS, MEMBER_MUTES, REPORTS, SLOW_POSTS, Row
from roomlog.rooms import takes_effect
from roomlog.search.languages import SIMPLE

_MODERATION = (SLOW_POSTS, MEMBER_MUTES, BANS, FILTERS, REPORTS, AUDIT)

_Text = tuple[int, str, int, str | None, dict[str, str] | None]
"""Where, by whom and when a message got a text, and the text, plain or sealed."""


class Message(Struct):
    """A message; times in microseconds."""

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
        """The row of `messages` without its key."""
        return msgspec.structs.astuple(self)[:-2]


class Member(Struct, gc=False):
    """A member, and since when."""

    role: str
    joined_offset: int
    joined_at: int


class Hook(Struct, gc=False):
    """An incoming hook."""

    name: str
    token_hash: str
    created_by: str
    created_at: int
    rotated_at: int | None = None


class Created(Struct, gc=False):
    """How a room began, and what of that was changed since."""

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


class Room(Struct):
    """All of a room; one whose beginning was not seen has members and messages, and no row."""

    created: Created | None = None
    last: tuple[int, int] = (-1, 0)
    """Offset and time of the last event that counts."""
    members: dict[str, Member] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    reactions: dict[tuple[str, str, str], int] = field(default_factory=dict)
    pins: dict[str, tuple[int, str, int]] = field(default_factory=dict)
    void: dict[str, int] = field(default_factory=dict)
    """Event without an effect -> its offset."""
    attached: dict[tuple[str, str], int] = field(default_factory=dict)
    """Message and file -> the message's offset, also of a message that was deleted."""
    invites: dict[str, tuple[ChatEvent, InviteCreated]] = field(default_factory=dict)
    hooks: dict[str, Hook] = field(default_factory=dict)
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
