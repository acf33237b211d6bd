"""Notifications: what concerned one, what of it one has read, and the rooms that one has muted."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.answers import answer, iso
from api.bodies import NewMute, ReadNotifications
from api.guards import Who
from api.history import names
from api.models.notifications import MutedRoom, NotificationList, NotificationsRead
from api.openapi import errors
from api.paging import read_place, write_place
from api.postgres import Postgres, Row
from api.problems import Problem
from api.reads import AfterHeader, AfterQuery, RoomId, no_such_room, wait_for, wanted_in
from api.routes.unread import mute
from api.services import Services, Use
from api.sql import notifications as notifications_sql
from api.sql import servers as servers_sql
from api.strict import StrictRoute
from roomlog.cursors import Cursor
from roomlog.errors import ErrorCode
from roomlog.ids import is_id
from roomlog.notifications import TEXT_CHARS
from roomlog.protocol.terms import NOTIFICATIONS_AT_ONCE
from roomlog.readmodels.notifications import (
    COUNT_UNREAD,
    NOTIFICATIONS,
    UNREAD_NOTIFICATIONS,
    UNREAD_UP_TO,
)
from roomlog.readmodels.unread import COUNTED_TO
from roomlog.times import micros, time_of
from roomlog.tokens import Claims

_MARKED_AT_ONCE = 5_000
_SHOWN_WITHIN_S = 2.0
_POLL_S = 0.02
_NOWHERE = {"paged": False, "at": None, "event": None}

router = APIRouter(tags=["notifications"], route_class=StrictRoute)


@router.get("/notifications", response_model=NotificationList, responses=errors(401, 422, 503, 504))
async def list_notifications(
    who: Who,
    use: Use,
    unread: Annotated[bool, Query(description="only what is not read yet")] = False,
    limit: Annotated[int, Query(ge=1, le=100)] = 30,
    after: Annotated[
        str | None, Query(max_length=600, description="`next` of the page before")
    ] = None,
    room: Annotated[str | None, Query(max_length=64, description="of `after_cursor`")] = None,
    after_cursor: AfterQuery = None,
    roomlog_after: AfterHeader = None,
) -> Response:
    """List mentions, direct messages, invitations and requests to be friends, the newest first.

    `after_cursor`, together with `room`, waits for what one was told of just now.

    What was said in a room is read once the room's marker is beyond it, or when it was read here; a request, once
    it does not wait any more. Deleted messages, rooms that one has left, and the blocked are left out.
    """
    if newest := wanted_in(room, after_cursor or roomlog_after, use.settings.epoch):
        await wait_for(use, *newest)
    mine = await _mine(use, who)
    place = {"paged": True, **_read_place(after)} if after else _NOWHERE
    found = await use.postgres.all(
        UNREAD_NOTIFICATIONS if unread else NOTIFICATIONS,
        {**mine, **place, "limit": limit + 1, "chars": TEXT_CHARS},
    )
    rows = found[:limit]
    counted = {**mine, "chars": 0, "most": COUNTED_TO + 1}
    count = await use.postgres.one(COUNT_UNREAD, counted) or {"unread": 0}
    rooms = await use.postgres.all(
        notifications_sql.ROOM_NAMES, {"ids": [r["room_id"] for r in rows]}
    )
    body = {
        "items": [_item(row, use.settings.epoch) for row in rows],
        "users": await names(use, {row["sender_id"] for row in rows}),
        "rooms": {room["id"]: room for room in rooms},
        "next": _place(rows[-1]) if len(found) > limit else None,
        "unread": min(count["unread"], COUNTED_TO),
        "capped": count["unread"] > COUNTED_TO,
    }
    return answer(body)


@router.post(
    "/notifications/read",
    response_model=NotificationsRead,
    responses=errors(401, 403, 422, 429, 503),
)
async def read_notifications(body: ReadNotifications, who: Who, use: Use) -> Response:
    """Mark notifications as read: some, or one and all that are older. Every device hears of it.

    Of more than 5,000 unread ones the newest 5,000 are marked; say it again for the rest.
    """
    if (body.events is None) == (body.up_to is None):
        raise Problem(ErrorCode.BAD_REQUEST, "give either `events` or `up_to`")
    events = body.events or []
    if body.up_to is not None:
        wanted = {**await _mine(use, who), **_read_place(body.up_to), "chars": 0}
        rows = await use.postgres.all(UNREAD_UP_TO, {**wanted, "limit": _MARKED_AT_ONCE})
        events = [row["event_id"] for row in rows]
    events = list(dict.fromkeys(events))
    for first in range(0, len(events), NOTIFICATIONS_AT_ONCE):
        some = events[first : first + NOTIFICATIONS_AT_ONCE]
        await _tell_node(use, who, {"op": "read_notifications", "events": some})

    async def is_shown() -> bool:
        params = {"user_id": who.user_id, "events": events}
        row = await use.postgres.one(notifications_sql.COUNT_NOTIFICATIONS_READ, params)
        return row is not None and row["read"] == len(events)

    await _until(use.postgres, is_shown)
    return answer({"read": len(events)})


@router.put(
    "/rooms/{room_id}/mute",
    response_model=MutedRoom,
    responses=errors(401, 403, 404, 422, 429, 503),
)
async def mute_room(room_id: RoomId, body: NewMute, who: Who, use: Use) -> Response:
    """Hear of a room's mentions alone, or of nothing in it, until a time or for ever. Only one's own business."""
    until = None if body.until is None else body.until.astimezone(UTC)
    if until is not None and until <= datetime.now(UTC):
        raise Problem(ErrorCode.BAD_REQUEST, "until: in the past; leave it out for ever")
    return await _change_mute(use, who, room_id, body.level, until)


@router.delete(
    "/rooms/{room_id}/mute",
    response_model=MutedRoom,
    responses=errors(401, 403, 404, 422, 429, 503),
)
async def unmute_room(room_id: RoomId, who: Who, use: Use) -> Response:
    """Hear of everything in a room again."""
    return await _change_mute(use, who, room_id, None, None)


async def _change_mute(
    use: Services, who: Claims, room: str, level: str | None, until: datetime | None
) -> Response:
    if not is_id(room):
        raise no_such_room()
    command = {"op": "unmute", "room": room}
    if level is not None:
        command |= {"op": "mute", "level": level}
        command |= {} if until is None else {"until": until.isoformat()}
    await _tell_node(use, who, command)

    async def is_shown() -> bool:
        row = await use.postgres.one(
            notifications_sql.MUTE, {"user_id": who.user_id, "room_id": room}
        )
        return (row["level"], row["ends_at"]) == (level, until) if row else level is None

    await _until(use.postgres, is_shown)
    return answer({"room": room, "mute": mute({"level": level, "ends_at": until})})


async def _tell_node(use: Services, who: Claims, command: dict[str, Any]) -> None:
    if not who.is_bridge:
        use.limits.write(who.user_id)
    await use.nodes.command(who.user_id, command)


async def _until(postgres: Postgres, is_shown: Callable[[], Awaitable[bool]]) -> None:
    """Return once the read models show what was written, so that a read that follows does too, or after 2 s."""
    deadline = time.monotonic() + _SHOWN_WITHIN_S
    await postgres.run(servers_sql.WANTED)
    while time.monotonic() < deadline:
        if await is_shown():
            return
        await asyncio.sleep(_POLL_S)


async def _mine(use: Services, who: Claims) -> dict[str, Any]:
    fresh = await use.valkey.read_markers(who.user_id)
    return {"user_id": who.user_id, "rooms": list(fresh), "offsets": list(fresh.values())}


def _item(row: Row, epoch: int) -> dict[str, Any]:
    offset = row["offset"]
    return {
        "id": row["event_id"],
        "kind": row["kind"],
        "room": row["room_id"],
        "cursor": None if offset is None else str(Cursor(epoch, offset)),
        "sender": row["sender_id"],
        "ts": iso(row["occurred_at"]),
        "text": row["text"],
        "read": not row["is_unread"],
        "place": _place(row),
    }


def _place(row: Row) -> str:
    return write_place(str(micros(row["occurred_at"])), row["event_id"])


def _read_place(text: str) -> dict[str, Any]:
    """Return the parameters of a place in the list; raises Problem (422)."""
    name, event = read_place(text)
    try:
        at = time_of(int(name))
    except (ValueError, OverflowError):
        told = "after, up_to: not a place of this list"
        raise Problem(ErrorCode.BAD_REQUEST, told) from None
    return {"at": at, "event": event}
