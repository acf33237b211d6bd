"""Answers of the search."""

from typing import Literal

from pydantic import BaseModel, Field

from api.models.accounts import User
from api.models.examples import ROOM
from api.models.messages import Message


class Piece(BaseModel):
    """A piece of a text, and whether it is what was looked for. Never HTML: show it as text."""

    text: str = Field(examples=["Hello"])
    match: bool


class FoundMessage(Message):
    """A message that was found."""

    highlights: list[Piece] = Field(
        description="the text, or where that is long the part around the first match, in pieces",
        examples=[[{"text": "so the ", "match": False}, {"text": "deployment", "match": True}]],
    )


class FoundRoom(BaseModel):
    """A room that something was found in."""

    id: str = Field(examples=[ROOM])
    name: str = Field(examples=["general"])
    kind: Literal["public", "private", "direct"]


class FoundMessages(BaseModel):
    """A page of found messages; `next` is the `after` of the next page."""

    items: list[FoundMessage]
    users: dict[str, User]
    rooms: dict[str, FoundRoom]
    next: str | None
    behind: int = Field(
        description="how many events of these rooms' partitions cannot be found yet; 0 or a few, except "
        "while the index is built",
        examples=[0],
    )
