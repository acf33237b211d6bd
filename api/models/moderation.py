"""Answers about moderation."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.models.accounts import User
from api.models.examples import CURSOR, EVENT, ROOM, TIME, USER


class Muted(BaseModel):
    """Somebody who may read and not write."""

    user: str = Field(examples=[USER])
    until: str | None = Field(examples=[TIME], description="null: without an end")
    by: str = Field(examples=[USER])
    since: str = Field(examples=[TIME])
    reason: str


class Banned(BaseModel):
    """Somebody who may not come back."""

    user: str = Field(examples=[USER])
    by: str = Field(examples=[USER])
    since: str = Field(examples=[TIME])
    reason: str


class WordFilter(BaseModel):
    """What becomes of messages with some words."""

    words: str = Field(examples=["rude"], description="as they are compared")
    action: Literal["refuse", "mask", "flag"]
    by: str = Field(examples=[USER])
    since: str = Field(examples=[TIME])


class Moderation(BaseModel):
    """What holds in a room or workspace."""

    mutes: list[Muted]
    bans: list[Banned]
    filters: list[WordFilter]
    users: dict[str, User]
    cursor: str = Field(examples=[CURSOR])


class Report(BaseModel):
    """Why somebody reported a message, or which of its words were flagged."""

    user: str = Field(examples=[USER], description="of flagged words the message's author")
    is_flag: bool
    reason: str
    ts: str = Field(examples=[TIME])


class ReportedMessage(BaseModel):
    """A message that waits for a moderator."""

    id: str = Field(examples=[EVENT])
    room: str = Field(examples=[ROOM])
    cursor: str = Field(examples=[CURSOR])
    sender: str = Field(examples=[USER])
    ts: str = Field(examples=[TIME])
    text: str | None = Field(description="null for one that is sealed or was deleted")
    deleted_at: str | None
    since: str = Field(examples=[TIME], description="since when it waits")
    reports: list[Report]


class ReportQueue(BaseModel):
    """What waits for one, the oldest first."""

    items: list[ReportedMessage]
    users: dict[str, User]
    has_more: bool


class AuditEntry(BaseModel):
    """What somebody did, and where in the log that stands."""

    room: str = Field(examples=[ROOM], description="or the workspace")
    cursor: str = Field(examples=[CURSOR])
    event: str = Field(examples=[EVENT])
    actor: str = Field(examples=[USER])
    type: str = Field(examples=["MemberMuted"])
    d: dict[str, Any] = Field(examples=[{"user_id": USER, "reason": "shouting"}])
    ts: str = Field(examples=[TIME])


class Audit(BaseModel):
    """A page of what was done, the newest first; `next` is the `before` of the next page."""

    items: list[AuditEntry]
    users: dict[str, User]
    next: str | None
