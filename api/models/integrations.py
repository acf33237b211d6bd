"""Answers about hooks and webhooks."""

from typing import Literal

from pydantic import BaseModel, Field

from api.models.accounts import User
from api.models.examples import CURSOR, EVENT, ROOM, TIME, USER, WEBHOOK


class Hook(BaseModel):
    """An incoming hook: another system posts through it, as a bot of this id and name."""

    id: str = Field(examples=[USER])
    name: str = Field(examples=["CI"])
    created_by: str = Field(examples=[USER])
    created_at: str = Field(examples=[TIME])
    rotated_at: str | None = Field(examples=[TIME], description="when it got another token")


class HookList(BaseModel):
    """The incoming hooks of a room."""

    items: list[Hook]
    users: dict[str, User]


class HookToken(BaseModel):
    """A hook was made or got another token, which is shown this once."""

    id: str = Field(examples=[USER])
    name: str | None = Field(examples=["CI"], description="null when only its token is new")
    token: str = Field(examples=["hJw6C1lUu0Gx2rMZf0yYqgXQ4bfC9Ki2"])
    path: str = Field(
        examples=["/api/v1/hooks/hJw6C1lUu0Gx2rMZf0yYqgXQ4bfC9Ki2"],
        description="where it takes what it is to post; whoever has this address may post",
    )
    cursor: str | None = Field(examples=[CURSOR])


class HookPosted(BaseModel):
    """A message was stored at `cursor`; the same for the same `externalEventId` again."""

    id: str = Field(examples=[EVENT])
    room: str = Field(examples=[ROOM])
    cursor: str = Field(examples=[CURSOR])


class Webhook(BaseModel):
    """Where events of a room or a workspace are sent, and how that goes."""

    id: str = Field(examples=[WEBHOOK])
    room: str = Field(examples=[ROOM])
    url: str = Field(examples=["https://ci.example.org/roomlog"])
    types: list[str] = Field(examples=[["MessagePosted"]], description="none: every one")
    bots: bool
    state: Literal["active", "paused"]
    reason: str | None = Field(description="why it was paused; null where somebody did it")
    created_by: str = Field(examples=[USER])
    created_at: str = Field(examples=[TIME])
    waiting: int = Field(description="deliveries not taken yet; counted to 1,000")
    behind: bool = Field(description="more waits in the log")
    dead: int = Field(description="deliveries given up; counted to 1,000")
    last_attempt_at: str | None = Field(examples=[TIME])
    last_status: int | None = Field(examples=[200])
    last_error: str | None
    old_secret_until: str | None = Field(
        examples=[TIME], description="until when the secret before signs too"
    )


class WebhookList(BaseModel):
    """The webhooks of a room or a workspace."""

    items: list[Webhook]


class WebhookSecret(BaseModel):
    """A webhook was made or got another secret, which is shown this once."""

    id: str = Field(examples=[WEBHOOK])
    secret: str = Field(examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])
    old_secret_until: str | None = Field(examples=[TIME])


class Delivery(BaseModel):
    """One event for one webhook."""

    id: str = Field(examples=[EVENT], description="the header Webhook-Id of every attempt")
    room: str = Field(examples=[ROOM])
    cursor: str = Field(examples=[CURSOR])
    event: str = Field(examples=[EVENT])
    type: str = Field(examples=["MessagePosted"])
    state: Literal["waiting", "delivered", "dead"]
    attempts: int
    created_at: str = Field(examples=[TIME])
    attempted_at: str | None = Field(examples=[TIME])
    status: int | None = Field(examples=[503])
    error: str | None


class DeliveryList(BaseModel):
    """A page of deliveries, the newest first; `next` is the `before` of the next page."""

    items: list[Delivery]
    next: str | None


class Replaying(BaseModel):
    """What will be sent once more."""

    id: str = Field(examples=[WEBHOOK])
