"""Messages that are to be posted later."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import answer, iso
from api.bodies import Id, NewMessage, ScheduleChange
from api.guards import Who
from api.history import no_such_message
from api.messages import Json
from api.models.messages import ScheduledList, ScheduledMessage
from api.openapi import errors
from api.postgres import Row
from api.problems import Problem, from_refusal
from api.reads import no_such_room, require_member, view_room
from api.services import Services, Use
from api.sql import files as sql
from api.strict import StrictRoute
from roomlog.errors import ErrorCode, Refused
from roomlog.ids import derived_id, is_id
from roomlog.protocol.terms import TEXT_CHARS
from roomlog.rooms import archived
from roomlog.schedules import (
    MAX_WAITING,
    MessageScheduled,
    ScheduleCancelled,
    ScheduleChanged,
    require_send_at,
    schedule_id,
)
from roomlog.times import micros
from roomlog.tokens import Claims

router = APIRouter(prefix="/scheduled", tags=["messages"], route_class=StrictRoute)


@router.get("", response_model=ScheduledList, responses=errors(401, 404, 422, 503))
async def list_scheduled(
    who: Who,
    use: Use,
    room: Annotated[Id | None, Query(description="only those for this room")] = None,
) -> Response:
    """List one's messages that wait, are being posted, or could not be posted."""
    if room is not None and not is_id(room):
        raise no_such_room()
    rows = await use.schedules.listed(who.user_id, room)
    return answer({"items": [_scheduled(row) for row in rows]})


@router.patch(
    "/{schedule}",
    response_model=ScheduledMessage,
    responses=errors(401, 403, 404, 409, 413, 422, 429, 503, 504),
)
async def change_scheduled(schedule: str, body: ScheduleChange, who: Who, use: Use) -> Response:
    """Change text or time of a message that waits."""
    row = await _own(use, who, schedule)
    if body.text is not None:
        _require_text(body.text, bool(row["files"]))
    if body.send_at is not None:
        _require_time(body.send_at)
    _require_waiting(row)
    use.limits.write(who.user_id)
    send_at = None if body.send_at is None else micros(body.send_at)
    row = await use.schedules.tell(who.user_id, ScheduleChanged(schedule, body.text, send_at))
    # It may be on its way by now, as it was changed: that is what was asked for.
    if body.text not in (None, row["text"]) or body.send_at not in (None, row["send_at"]):
        raise _too_late(row)
    return answer(_scheduled(row))


@router.delete(
    "/{schedule}",
    response_model=ScheduledMessage,
    responses=errors(401, 403, 404, 409, 422, 429, 503, 504),
)
async def cancel_scheduled(schedule: str, who: Who, use: Use) -> Response:
    """Cancel a message that waits, or dismiss one that could not be posted."""
    row = await _own(use, who, schedule)
    if row["state"] != "cancelled":
        use.limits.write(who.user_id)
        row = await use.schedules.tell(who.user_id, ScheduleCancelled(schedule))
    if row["state"] != "cancelled":
        raise _too_late(row)
    return answer(_scheduled(row))


async def schedule_message(
    use: Services, who: Claims, room: str, body: NewMessage, send_at: datetime, key: str
) -> Response:
    """Keep a message until its time; raises Problem. The same key again answers what became of it."""
    schedule = schedule_id(who.user_id, room, key)
    row = await use.schedules.one(who.user_id, schedule)
    if row is None:
        files = tuple(dict.fromkeys(file.file_id for file in body.attachments))
        _require_text(body.text, bool(files))
        _require_time(send_at)
        _require_ids(body)
        await _require_may_schedule(use, who.user_id, room)
        await _require_own_files(use, who.user_id, files)
        mentions, at = tuple(body.mentions), micros(send_at)
        new = MessageScheduled(schedule, room, body.text, at, body.reply_to, mentions, files)
        row = await use.schedules.tell(who.user_id, new, derived_id("scheduled", schedule))
    elif (row["text"], row["send_at"]) != (body.text, send_at) and row["state"] == "waiting":
        raise Problem(ErrorCode.KEY_REUSED, "this key scheduled another message; choose a new key")
    return answer(_scheduled(row), status=202)


async def _require_may_schedule(use: Services, user: str, room: str) -> None:
    """Raise Problem where the message could not be posted now, or too many wait."""
    view = await view_room(use, room, user)
    require_member(view)
    use.limits.write(user)
    if view.row["archived"]:
        raise from_refusal(archived())
    if view.row["read_only"] and view.row["role"] not in ("owner", "moderator"):
        told = "the room is read-only; only its owners and moderators write"
        raise Problem(ErrorCode.FORBIDDEN, told)
    if await use.schedules.waiting(user) >= MAX_WAITING:
        told = f"{MAX_WAITING} messages wait already; cancel some"
        raise Problem(ErrorCode.FORBIDDEN, told)


async def _require_own_files(use: Services, user: str, files: tuple[str, ...]) -> None:
    """Raise Problem where the message would be refused for its files; they stay as long as it waits."""
    known = None
    if all(map(is_id, files)):
        params = {"user_id": user, "ids": list(files)}
        known = await use.postgres.one(sql.COUNT_OWN_FILES, params) if files else {"count": 0}
    if known is None or known["count"] != len(files):
        told = "attachments: not all of them are files of yours; upload them first"
        raise Problem(ErrorCode.BAD_REQUEST, told)


async def _own(use: Services, who: Claims, schedule: str) -> Row:
    row = await use.schedules.one(who.user_id, schedule) if is_id(schedule) else None
    if row is None:
        raise no_such_message()
    return row


def _require_waiting(row: Row) -> None:
    if row["state"] != "waiting":
        raise _too_late(row)


def _too_late(row: Row) -> Problem:
    told = {
        "sending": "it is being posted right now",
        "sent": "it was posted already",
        "refused": "it could not be posted; schedule a new one",
        "cancelled": "it was cancelled; schedule a new one",
    }
    return Problem(ErrorCode.TOO_LATE, told.get(row["state"], "it has happened already"))


def _require_text(text: str, has_files: bool) -> None:
    if not text.strip() and not has_files:
        raise Problem(ErrorCode.BAD_REQUEST, "text: empty; write something or attach a file")
    if len(text) > TEXT_CHARS:
        told = f"text: {len(text)} characters; at most {TEXT_CHARS} are allowed"
        raise Problem(ErrorCode.TOO_LARGE, told)


def _require_ids(body: NewMessage) -> None:
    if body.reply_to is not None and not is_id(body.reply_to):
        raise Problem(ErrorCode.BAD_REQUEST, "reply_to: not an event id")
    if not all(map(is_id, body.mentions)):
        raise Problem(ErrorCode.BAD_REQUEST, "mentions: not all of them are user ids")


def _require_time(send_at: datetime) -> None:
    try:
        require_send_at(send_at, datetime.now(UTC))
    except Refused as refused:
        raise from_refusal(refused) from None


def _scheduled(row: Row) -> Json:
    return {
        "id": row["id"],
        "room": row["room_id"],
        "message": row["message_id"],
        "text": row["text"],
        "reply_to": row["reply_to"],
        "mentions": row["mentions"],
        "attachments": row["attachments"] or [],
        "send_at": iso(row["send_at"]),
        "created_at": iso(row["created_at"]),
        "state": row["state"],
        "reason": row["reason"],
    }
