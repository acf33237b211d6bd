"""Answers about what is unread, told and muted."""

from typing import Literal

from pydantic import BaseModel, Field

from api.models.accounts import User
from api.models.examples import CURSOR, EVENT, ROOM, TIME, USER


class Mute(BaseModel):
    """How one has muted a room."""

    level: Literal["mentions", "nothing"] = Field(description="what one still hears of it")
    until: str | None = Field(examples=[TIME], description="null: until it is unmuted")


class MutedRoom(BaseModel):
    """How a room is muted now."""

    room: str = Field(examples=[ROOM])
    mute: Mute | None


class UnreadRoom(BaseModel):
    """What one has not read of a room yet; both numbers count to 1,000."""

    room: str = Field(examples=[ROOM])
    unread: int = Field(examples=[3], description="messages of others, but not the blocked")
    mentions: int = Field(examples=[1], description="those of them that name one")
    capped: bool = Field(description="there is more than is counted: show 1,000+")
    first_unread: str | None = Field(examples=[CURSOR], description="the first of them")
    read_up_to: str | None = Field(
        examples=[CURSOR], description="one's marker; null where one never set it"
    )
    cursor: str = Field(
        examples=[CURSOR], description="of the room's latest event that is in the counts"
    )
    mute: Mute | None


class UnreadTotal(BaseModel):
    """The sum over all rooms, without what one does not want to hear of muted ones."""

    unread: int = Field(examples=[3])
    mentions: int = Field(examples=[1])
    capped: bool


class UnreadRooms(BaseModel):
    """Every room that one is a member of."""

    items: list[UnreadRoom]
    total: UnreadTotal


class Notification(BaseModel):
    """Something that concerned one; clients skip kinds that they do not know."""

    id: str = Field(examples=[EVENT], description="of the event that it is about")
    kind: str = Field(
        examples=["mention"],
        description="mention, direct (a message in a direct room), invite (made a member by another), "
        "workspace_invite (which does not say where to: the link of the invite does), friend_request, "
        "friend_accepted (both of no room)",
    )
    room: str | None = Field(examples=[ROOM])
    cursor: str | None = Field(examples=[CURSOR], description="where in the room it is")
    sender: str = Field(examples=[USER])
    ts: str = Field(examples=[TIME])
    text: str | None = Field(
        examples=["look, @ada"], description="the first 140 characters of a message, as it is now"
    )
    read: bool
    place: str = Field(description="for `up_to`", examples=["WyIxNzY3MzIz..."])


class NamedRoom(BaseModel):
    """A room's name."""

    id: str = Field(examples=[ROOM])
    name: str = Field(examples=["general"])
    kind: str = Field(examples=["public"])


class NotificationList(BaseModel):
    """A page of notifications; `next` is the `after` of the next page."""

    items: list[Notification]
    users: dict[str, User]
    rooms: dict[str, NamedRoom]
    next: str | None
    unread: int = Field(
        description="how many are unread in all, without muted rooms; counted to 1,000",
        examples=[2],
    )
    capped: bool = Field(description="there are more than are counted: show 1,000+")


class NotificationsRead(BaseModel):
    """They are read."""

    read: int = Field(description="how many were marked", examples=[2])


class PushSubscription(BaseModel):
    """A browser that is told while no page is open."""

    id: str = Field(examples=["3c5a2a1e-6b7d-8f10-9e21-4d5c6b7a8f90"])
    user_agent: str
    created_at: str = Field(examples=[TIME])


class PushSettings(BaseModel):
    """What browsers subscribe with, and which are subscribed."""

    key: str | None = Field(
        description="for `applicationServerKey`; null: this server sends no web pushes",
        examples=[
            "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"
        ],
    )
    subscriptions: list[PushSubscription]


class MailSettings(BaseModel):
    """Mails about what one has not read."""

    available: bool = Field(description="whether this server sends mails")
    address: str | None = Field(examples=["ada@example.org"])
    digest: bool = Field(description="whether one wants them")
