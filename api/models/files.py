"""Answers about files and what links lead to."""

from pydantic import BaseModel, Field

from api.models.accounts import User
from api.models.examples import CURSOR, EVENT, TIME, USER


class Attachment(BaseModel):
    """A file that belongs to a message; its bytes are at `GET /files/{file_id}`."""

    file_id: str = Field(examples=[EVENT])
    name: str = Field(examples=["plan.png"])
    media_type: str = Field(description="by its content", examples=["image/png"])
    size_bytes: int = Field(examples=[48213])
    width: int = Field(
        description="of an image, in pixels as it is shown; 0: it is none", examples=[1600]
    )
    height: int = Field(examples=[1200])


class FileLink(BaseModel):
    """Addresses that need no sign-in, for a few minutes; `thumbnail_url` is there for images."""

    url: str = Field(examples=[f"/api/v1/files/{EVENT}?token=eyJ..."])
    thumbnail_url: str | None
    expires_at: str = Field(examples=[TIME])


class PreviewImage(BaseModel):
    """The image of a page, as a thumbnail that is served here."""

    url: str = Field(examples=["/api/v1/link-previews/images/" + 64 * "0"])
    width: int = Field(examples=[720])
    height: int = Field(examples=[378])


class LinkPreview(BaseModel):
    """What a page says of itself. Never HTML: show it as text."""

    url: str = Field(examples=["https://example.org/menu"])
    title: str = Field(examples=["The menu"])
    description: str = Field(description="may be empty", examples=["What there is to eat."])
    site: str = Field(examples=["example.org"])
    image: PreviewImage | None


class RoomFile(Attachment):
    """A file of a room, with the message that has it."""

    message: str = Field(examples=[EVENT])
    cursor: str = Field(examples=[CURSOR])
    sender: str = Field(examples=[USER])
    ts: str = Field(examples=[TIME])


class RoomFiles(BaseModel):
    """A page of the files of a room, the newest first; `next` is the `before` of the next page."""

    items: list[RoomFile]
    users: dict[str, User]
    next: str | None
    cursor: str = Field(examples=[CURSOR])
