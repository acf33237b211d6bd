"""The facts of people in topic `user.events` (key: user id): of their accounts, and what they have scheduled.

Those of accounts are public, and published through the outbox. Credentials never enter the log. Each class is one
branch of the union in `schemas/user_event.avsc`.
"""

from typing import ClassVar, get_args

from msgspec import Struct

from roomlog.schedules import ScheduleBody


class UserRegistered(Struct, frozen=True):
    """An account began."""

    name: str


class UserRenamed(Struct, frozen=True):
    """An account got another display name."""

    name: str


class FileStored(Struct, frozen=True):
    """A file was uploaded; its bytes are in the file store, under their SHA-256."""

    file_id: str
    sha256: str
    name: str
    media_type: str
    """By its content."""
    size_bytes: int
    width: int = 0
    """Of an image, in pixels as it is shown; 0: it is none."""
    height: int = 0


class FileRemoved(Struct, frozen=True):
    """A file is served no more; of its bytes only others' files may still be made."""

    file_id: str


UserBody = UserRegistered | UserRenamed | ScheduleBody | FileStored | FileRemoved
USER_TYPES: dict[str, type[Struct]] = {t.__name__: t for t in get_args(UserBody)}


class UserEvent(Struct, frozen=True):
    """One record of topic `user.events`."""

    SUBJECT: ClassVar[str] = "user.events-value"

    event_id: str
    user_id: str
    occurred_at: int
    """Microseconds since 1970."""
    body: UserBody
