"""What becomes of messages that are to be sent later. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from projector.batch import UserFact
from roomlog.schedules import (
    MessageScheduled,
    ScheduleBody,
    ScheduleCancelled,
    ScheduleChanged,
    ScheduledMessageRefused,
    ScheduledMessageSent,
    SendingStarted,
    message_id,
)


class Schedule(NamedTuple):
    """A row of `scheduled_messages`; times in microseconds since 1970."""

    user_id: str
    room_id: str
    message_id: str
    text: str
    reply_to: str | None
    mentions: list[str]
    files: list[str]
    send_at: int
    created_at: int
    state: str
    reason: str


def concerned(facts: Iterable[UserFact]) -> list[str]:
    """Return the schedules that must be known."""
    return list({f.body.schedule_id for f in facts if isinstance(f.body, ScheduleBody)})


def fold(known: Schedule | None, fact: UserFact, body: ScheduleBody) -> Schedule | None:
    """Return a schedule after the next fact about it; only its author's facts count."""
    if isinstance(body, MessageScheduled):
        return known or _begin(fact, body)
    if known is None or known.user_id != fact.user_id:
        return known
    match body, known.state:
        case ScheduleChanged(text=text, send_at=send_at), "waiting":
            new_text = known.text if text is None else text
            new_time = known.send_at if send_at is None else send_at
            return known._replace(text=new_text, send_at=new_time)
        case ScheduleCancelled(), "waiting" | "refused":
            return known._replace(state="cancelled")
        case SendingStarted(), "waiting":
            return known._replace(state="sending")
        case ScheduledMessageSent(), "sending" | "refused":
            return known._replace(state="sent", reason="")
        case ScheduledMessageRefused(reason=reason), "sending":
            return known._replace(state="refused", reason=reason)
    return known


def _begin(fact: UserFact, body: MessageScheduled) -> Schedule:
    return Schedule(
        fact.user_id,
        body.room_id,
        message_id(fact.user_id, body.room_id, body.schedule_id),
        body.text,
        body.reply_to,
        list(body.mentions),
        list(body.attachments),
        body.send_at,
        fact.at,
        "waiting",
        "",
    )
