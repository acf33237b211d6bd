"""Answers about messages, threads and pins, and messages that are sent later."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.models.accounts import User
from api.models.examples import CURSOR, EVENT, INVITE, ROOM, TIME, USER
from api.models.files import Attachment


class PostedMessage(BaseModel):
    """A message was stored at `cursor`."""

    id: str = Field(examples=[EVENT])
    room: str = Field(examples=[ROOM])
    cursor: str = Field(examples=[CURSOR])
    key: str = Field(description="the idempotency key it was stored under")


class ScheduledMessage(BaseModel):
    """A message that is to be posted later, under `message` as its id then."""

    id: str = Field(examples=[INVITE])
    room: str = Field(examples=[ROOM])
    message: str = Field(examples=[EVENT])
    text: str = Field(examples=["Good morning"])
    reply_to: str | None = Field(examples=[None])
    mentions: list[str] = Field(examples=[[USER]])
    attachments: list[Attachment]
    send_at: str = Field(examples=[TIME])
    created_at: str = Field(examples=[TIME])
    state: Literal["waiting", "sending", "sent", "refused", "cancelled"] = Field(
        description="refused: it was not posted, for the `reason`"
    )
    reason: str = Field(examples=[""])


class ScheduledList(BaseModel):
    """One's messages that wait, are being posted, or could not be posted, the next one first."""

    items: list[ScheduledMessage]


class Thread(BaseModel):
    """Where a message stands: the first message of its thread, and the direct answers to itself."""

    root: str = Field(examples=[EVENT])
    count: int
    last: str | None = Field(description="cursor of the last direct answer", examples=[CURSOR])


class Reaction(BaseModel):
    """Who reacted with one emoji."""

    emoji: str
    users: list[str]
    count: int


class Message(BaseModel):
    """A message; a deleted one stays, without its text."""

    id: str = Field(examples=[EVENT])
    room: str = Field(examples=[ROOM])
    cursor: str = Field(examples=[CURSOR])
    sender: str = Field(examples=[USER])
    ts: str = Field(examples=[TIME])
    text: str | dict[str, Any] | None = Field(
        description='a text, {"sealed": ...} for one under a key, or null for a deleted message',
        examples=["Hello"],
    )
    reply_to: str | None
    thread: Thread
    edited_at: str | None
    deleted_at: str | None
    reactions: list[Reaction]
    mentions: list[str]
    attachments: list[Attachment]


class WrittenText(BaseModel):
    """A text that a message had or has."""

    text: str | dict[str, Any] = Field(examples=["Helo"])
    sender: str = Field(examples=[USER], description="who wrote it")
    ts: str = Field(examples=[TIME])
    cursor: str = Field(
        examples=[CURSOR], description="of the event that gave the message this text"
    )


class MessageWithUsers(Message):
    """A message with its edit history and the names of everybody it shows."""

    users: dict[str, User]
    history: list[WrittenText] = Field(
        description="every text of an edited message, the first one first, the one that it has last; "
        "empty for one that was never edited, or is deleted"
    )


class PinnedMessage(BaseModel):
    """A message that a room keeps in view."""

    message: Message
    by: str = Field(examples=[USER], description="who pinned it")
    ts: str = Field(examples=[TIME], description="when")


class PinList(BaseModel):
    """What a room keeps in view, the newest pin first; at most 50."""

    items: list[PinnedMessage]
    users: dict[str, User]
    cursor: str = Field(examples=[CURSOR])


class MessageList(BaseModel):
    """A page of messages in log order. The numbers are there when the page was asked for by its number."""

    items: list[Message]
    users: dict[str, User]
    cursor: str = Field(examples=[CURSOR])
    has_more: bool = Field(description="whether there is more in the direction that was asked for")
    total: int | None = None
    page: int | None = None
    limit: int | None = None
    totalPages: int | None = None  # noqa: N815  # as clients of numbered pages know it
    hasMore: bool | None = None  # noqa: N815


class ThreadAnswer(BaseModel):
    """A thread: its first message, and a page of the answers in log order."""

    root: Message
    count: int = Field(
        examples=[12], description="all answers, those to answers included; to 10,000"
    )
    last: str | None = Field(examples=[CURSOR], description="cursor of the last one")
    participants: list[str] = Field(
        examples=[[USER]], description="who answered, the first one first; at most 100"
    )
    items: list[Message]
    users: dict[str, User]
    cursor: str = Field(examples=[CURSOR])
    has_more: bool
