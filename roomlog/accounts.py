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


UserBody = UserRegistered | UserRenamed | ScheduleBody
USER_TYPES: dict[str, type[Struct]] = {t.__name__: t for t in get_args(UserBody)}


class UserEvent(Struct, frozen=True):
    """One record of topic `user.events`."""

    SUBJECT: ClassVar[str] = "user.events-value"

    event_id: str
    user_id: str
    occurred_at: int
    """Microseconds since 1970."""
    body: UserBody
