"""Answers about friends and blocks."""

from typing import Literal

from pydantic import BaseModel, Field

from api.models.accounts import User
from api.models.examples import TIME, USER


class Relation(BaseModel):
    """What one is to another person, after what one did."""

    user: str = Field(examples=[USER])
    state: Literal["none", "requested", "asked", "friends"] = Field(
        description="requested: one asked them; asked: they asked one"
    )
    blocked: bool = Field(description="whether one has blocked them")


class Acquaintance(BaseModel):
    """A friend, a request or a block."""

    user: str = Field(examples=[USER])
    since: str = Field(examples=[TIME])


class Friends(BaseModel):
    """One's friends and the requests that wait, each the newest first; 2,000 at most."""

    friends: list[Acquaintance]
    asked: list[Acquaintance] = Field(description="who asked one")
    requested: list[Acquaintance] = Field(description="whom one asked")
    users: dict[str, User]


class Blocked(BaseModel):
    """Whom one has blocked, the newest first."""

    items: list[Acquaintance]
    users: dict[str, User]
