"""Messages that are to be sent later: facts of whoever wrote them, in topic `user.events` (key: user id). Pure.

Nobody but their author hears of them before their time. The order of the author's facts decides whether a change
or a cancellation still counts: none does once the sending has begun.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from roomlog import ids
from roomlog.errors import ErrorCode, Refused

MAX_DAYS = 120
MAX_WAITING = 100
"""So many messages of one person may wait at a time."""


class MessageScheduled(Struct, frozen=True):
    """A message was written that is to be sent later."""

    schedule_id: str
    room_id: str
    text: str
    send_at: int
    """Microseconds since 1970."""
    reply_to: str | None = None
    mentions: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    """Ids of its author's files."""


class ScheduleChanged(Struct, frozen=True):
    """A message that waits got another text or time; None where one stays as it was."""

    schedule_id: str
    text: str | None = None
    send_at: int | None = None


class ScheduleCancelled(Struct, frozen=True):
    """A message that waits, or could not be sent, is not to be sent any more."""

    schedule_id: str


class SendingStarted(Struct, frozen=True):
    """A message's time has come: from here on neither its text nor its fate changes."""

    schedule_id: str


class ScheduledMessageSent(Struct, frozen=True):
    """A message was sent."""

    schedule_id: str


class ScheduledMessageRefused(Struct, frozen=True):
    """A message could not be sent; `reason` is for its author."""

    schedule_id: str
    reason: str


ScheduleBody = (
    MessageScheduled
    | ScheduleChanged
    | ScheduleCancelled
    | SendingStarted
    | ScheduledMessageSent
    | ScheduledMessageRefused
)


def schedule_id(user: str, room: str, key: str) -> str:
    """Return the id of what a request with this idempotency key schedules."""
    return ids.derived_id("schedule", user, room, key)


def send_key(schedule: str) -> str:
    """Return the idempotency key that a scheduled message is sent under, by whomever and however often."""
    return ids.derived_id("scheduled message", schedule)


def message_id(user: str, room: str, schedule: str) -> str:
    """Return the id that the message will have."""
    return ids.event_id(user, room, send_key(schedule))


def require_send_at(send_at: datetime, now: datetime) -> None:
    """Raise Refused unless a time is to come, and not too far away."""
    if not now < send_at <= now + timedelta(days=MAX_DAYS):
        told = f"send_at: not within the next {MAX_DAYS} days"
        raise Refused(ErrorCode.BAD_REQUEST, told)
