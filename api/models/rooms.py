"""Answers about rooms, their members, and who is here."""

from typing import Literal

from pydantic import BaseModel, Field

from api.models.accounts import User
from api.models.examples import CURSOR, EVENT, ROOM, TIME, USER, WORKSPACE


class Room(BaseModel):
    """A room as one user sees it."""

    id: str = Field(examples=[ROOM])
    name: str = Field(examples=["general"])
    kind: Literal["public", "private", "direct", "group"]
    workspace: str | None = Field(
        examples=[WORKSPACE], description="null: the one that everybody is in"
    )
    topic: str
    language: str = Field(
        examples=["en"], description="in whose forms words are searched for; simple: as they are"
    )
    members: int = Field(description="how many")
    is_member: bool
    role: Literal["owner", "moderator", "member"] | None
    archived: bool
    read_only: bool = Field(description="only owners and moderators write")
    history: Literal["all", "joined"] = Field(
        description="members read all, or what came since they joined"
    )
    link_previews: bool = Field(description="what links lead to is shown under messages")
    slow_mode_s: int = Field(description="seconds between two messages of one member; 0: no limit")
    muted_until: str | None = Field(
        examples=[TIME],
        description="one may not write until then; in the year 9999: without an end",
    )
    last_cursor: str = Field(examples=[CURSOR])
    created_at: str = Field(examples=[TIME])


class RoomList(BaseModel):
    """A page of rooms, by name; `next` is the `after` of the next page."""

    items: list[Room]
    next: str | None


class CreatedRoom(BaseModel):
    """A room that was made; it can be read `after_cursor` of this cursor."""

    id: str = Field(examples=[ROOM])
    name: str = Field(examples=["general"])
    kind: Literal["public", "private", "direct", "group"]
    workspace: str | None = Field(
        examples=[WORKSPACE], description="null: the one that everybody is in"
    )
    topic: str
    language: str = Field(
        examples=["en"], description="in whose forms words are searched for; simple: as they are"
    )
    members: int
    is_member: bool
    role: Literal["owner", "moderator", "member"] | None
    event: str | None = Field(examples=[EVENT])
    cursor: str | None = Field(examples=[CURSOR])


class Stored(BaseModel):
    """A change was stored at `cursor`; `event` is null where nothing had to change."""

    room: str = Field(examples=[ROOM])
    event: str | None = Field(examples=[EVENT])
    cursor: str | None = Field(examples=[CURSOR])


class Member(BaseModel):
    """A member of a room."""

    user: str = Field(examples=[USER])
    role: Literal["owner", "moderator", "member", "bot"]
    joined_at: str = Field(examples=[TIME])


class MemberList(BaseModel):
    """A page of members; `next` is the `after` of the next page."""

    items: list[Member]
    users: dict[str, User]
    next: str | None
    cursor: str = Field(examples=[CURSOR])


class RoomStats(BaseModel):
    """How lively a room is. All of it is counted when it happens, nothing when somebody asks."""

    room: str = Field(examples=[ROOM])
    members: int = Field(examples=[12])
    messages: int = Field(
        examples=[48213], description="all that were posted, deleted ones included"
    )
    deleted: int = Field(examples=[17], description="those of them that are deleted now")
    messages_last_day: int = Field(
        examples=[310], description="since the beginning of the hour 24 hours ago"
    )
    messages_last_week: int = Field(
        examples=[2045], description="since the beginning of the hour seven days ago"
    )
    senders_last_week: int = Field(
        examples=[9],
        description="people who wrote on one of the last seven days (UTC), today included",
    )
    created_at: str = Field(examples=[TIME])
    last_event_at: str = Field(examples=[TIME])
    cursor: str = Field(examples=[CURSOR])


class RoomPresence(BaseModel):
    """Who is in a room right now."""

    room: str = Field(examples=[ROOM])
    state: dict[str, Literal["online", "away"]] = Field(examples=[{USER: "online"}])
    users: dict[str, User]


class UserPresence(BaseModel):
    """Whether a person is here, and since when not."""

    user: str = Field(examples=[USER])
    state: Literal["online", "away", "offline"]
    last_seen: str | None = Field(examples=[TIME])


class UserPresences(BaseModel):
    """Whether people are here."""

    items: list[UserPresence]
