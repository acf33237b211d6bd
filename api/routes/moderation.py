"""Reports, mutes, bans, word filters, and the audit log; of rooms and of workspaces."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api import sql
from api.answers import answer
from api.bodies import NewBan, NewFilter, NewMemberMute, NewReport, Resolution
from api.guards import Who
from api.history import no_such_message
from api.messages import Json
from api.models.moderation import Audit, Moderation, ReportQueue
from api.models.rooms import Stored
from api.moderation import audit_page, moderation_of, queue, require_moderator
from api.openapi import errors
from api.problems import Problem
from api.reads import (
    AfterHeader,
    AfterQuery,
    OwnRoom,
    RoomId,
    no_such_room,
    read_after,
    wanted_cursor,
)
from api.routes.workspaces import Named, Own
from api.services import Services, Use
from api.strict import StrictRoute
from api.writes import IdempotencyKey, write
from roomlog.cursors import Cursor
from roomlog.errors import ErrorCode
from roomlog.ids import derived_id, is_id, new_id
from roomlog.tokens import Claims

router = APIRouter(tags=["moderation"], route_class=StrictRoute)
_CHANGE = errors(401, 403, 404, 409, 422, 429, 503)
_READ = errors(401, 403, 404, 422, 503, 504)
Before = Annotated[str | None, Query(max_length=600, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.post("/messages/{event_id}/report", response_model=Stored, responses=_CHANGE)
async def report_message(event_id: str, body: NewReport, who: Who, use: Use) -> Response:
    """Tell the moderators of a message. A second report of the same person changes nothing."""
    found = None
    if is_id(event_id):
        found = await use.postgres.one(sql.ROOM_OF_MESSAGE, {"event_id": event_id})
    if found is None:
        raise no_such_message()
    room = found["room_id"]
    command = {"op": "report", "room": room, "event": event_id, "reason": body.reason}
    try:
        ack = await write(use, who, derived_id("report", who.user_id, event_id), command)
    except Problem as problem:
        if problem.code is not ErrorCode.KEY_REUSED:
            raise
        return answer({"room": room, "event": None, "cursor": None})
    return answer({"room": room, "event": ack.event, "cursor": ack.cursor}, ack.cursor)


@router.get("/reports", response_model=ReportQueue, responses=errors(401, 404, 422, 503, 504))
async def list_reports(
    who: Who,
    use: Use,
    room: Annotated[str | None, Query(max_length=64, description="only of this room")] = None,
    limit: Limit = 50,
    after_cursor: AfterQuery = None,
    roomlog_after: AfterHeader = None,
) -> Response:
    """List the messages that wait for one in the rooms that one moderates, the oldest report first.

    `after_cursor`, together with `room`, waits for what was done about one just now.
    """
    if room is not None and not is_id(room):
        raise no_such_room()
    if cursor := wanted_cursor(after_cursor or roomlog_after, use.settings.epoch):
        if room is None:
            raise Problem(ErrorCode.BAD_REQUEST, "after_cursor: name the cursor's room in room=ID")
        await read_after(use, room, cursor)
    else:
        use.postgres.prefer_replica()
    return answer(await queue(use, room, limit))


@router.post("/reports/{event_id}/resolve", response_model=Stored, responses=_CHANGE)
async def resolve_report(
    event_id: str, body: Resolution, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Be done with a message that was reported: dismiss it, delete it, or mute, remove or ban its author."""
    found = (
        await use.postgres.one(sql.REPORTED, {"event_id": event_id}) if is_id(event_id) else None
    )
    if found is None:
        raise no_such_message()
    room, own = found["room_id"], key or new_id()
    action = _action(body, event_id, found["sender_id"])
    if action is not None and not (body.action == "deleted" and found["deleted_at"] is not None):
        await write(use, who, derived_id("resolve", own), {**action, "room": room})
    told: Json = {"op": "resolve", "event": event_id, "action": body.action, "note": body.note}
    return await _change(use, who, own, room, told)


def _action(body: Resolution, event: str, author: str) -> Json | None:
    about: Json = {"user": author, "reason": body.note}
    match body.action:
        case "deleted":
            return {"op": "delete", "event": event}
        case "muted":
            return {"op": "mute_member", **about, **_until(body.until)}
        case "removed":
            return {"op": "kick", "user": author}
        case "banned":
            return {"op": "ban", **about}
    return None


# What holds in a room.


@router.get("/rooms/{room_id}/moderation", response_model=Moderation, responses=_READ)
async def get_moderation(view: OwnRoom, use: Use) -> Response:
    """Return who is muted or banned in a room, and which words it filters; its moderators may."""
    await require_moderator(use, view.id)
    return answer({**await moderation_of(use, view.id), "cursor": view.cursor}, view.cursor)


@router.get("/rooms/{room_id}/audit", response_model=Audit, responses=_READ)
async def get_audit(view: OwnRoom, use: Use, before: Before = None, limit: Limit = 50) -> Response:
    """Return who did what in a room, and where in the log that stands; its moderators may."""
    await require_moderator(use, view.id)
    return answer(await audit_page(use, view.id, before, limit), view.cursor)


@router.put("/rooms/{room_id}/mutes/{user_id}", response_model=Stored, responses=_CHANGE)
async def mute_member(
    room_id: RoomId,
    user_id: str,
    body: NewMemberMute,
    who: Who,
    use: Use,
    key: IdempotencyKey = None,
) -> Response:
    """Let a member read and not write, until a time or without an end."""
    return await _change(use, who, key, room_id, _mute(user_id, body))


@router.delete("/rooms/{room_id}/mutes/{user_id}", response_model=Stored, responses=_CHANGE)
async def unmute_member(
    room_id: RoomId, user_id: str, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Let a muted member write again."""
    return await _change(use, who, key, room_id, {"op": "unmute_member", "user": user_id})


@router.put("/rooms/{room_id}/bans/{user_id}", response_model=Stored, responses=_CHANGE)
async def ban_member(
    room_id: RoomId, user_id: str, body: NewBan, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Remove somebody and let them not come back. Works on people who are no members, too."""
    return await _change(use, who, key, room_id, _ban(user_id, body))


@router.delete("/rooms/{room_id}/bans/{user_id}", response_model=Stored, responses=_CHANGE)
async def unban_member(
    room_id: RoomId, user_id: str, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Let somebody come in again."""
    return await _change(use, who, key, room_id, {"op": "unban", "user": user_id})


@router.put("/rooms/{room_id}/filters", response_model=Stored, responses=_CHANGE)
async def change_filter(
    room_id: RoomId, body: NewFilter, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Refuse, mask or flag messages with some words, or let them be."""
    return await _change(use, who, key, room_id, _filter(body))


# What holds in a workspace, and so in all its rooms.


@router.get("/workspaces/{workspace}/moderation", response_model=Moderation, responses=_READ)
async def get_workspace_moderation(own: Own, use: Use) -> Response:
    """Return who is muted or banned in a workspace, and which words its rooms filter."""
    await require_moderator(use, own["id"])
    cursor = str(Cursor(use.settings.epoch, own["last_offset"]))
    return answer({**await moderation_of(use, own["id"]), "cursor": cursor}, cursor)


@router.get("/workspaces/{workspace}/audit", response_model=Audit, responses=_READ)
async def get_workspace_audit(
    own: Own, use: Use, before: Before = None, limit: Limit = 50
) -> Response:
    """Return who did what in a workspace and in those of its rooms that one moderates."""
    await require_moderator(use, own["id"])
    return answer(await audit_page(use, own["id"], before, limit))


@router.put("/workspaces/{workspace}/mutes/{user_id}", response_model=Stored, responses=_CHANGE)
async def mute_colleague(
    workspace: Named,
    user_id: str,
    body: NewMemberMute,
    who: Who,
    use: Use,
    key: IdempotencyKey = None,
) -> Response:
    """Let somebody read and not write in all rooms of a workspace."""
    return await _change(use, who, key, workspace, _mute(user_id, body))


@router.delete("/workspaces/{workspace}/mutes/{user_id}", response_model=Stored, responses=_CHANGE)
async def unmute_colleague(
    workspace: Named, user_id: str, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Let somebody write again."""
    return await _change(use, who, key, workspace, {"op": "unmute_member", "user": user_id})


@router.put("/workspaces/{workspace}/bans/{user_id}", response_model=Stored, responses=_CHANGE)
async def ban_colleague(
    workspace: Named, user_id: str, body: NewBan, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Remove somebody from a workspace and its rooms, and let no invite bring them back."""
    return await _change(use, who, key, workspace, _ban(user_id, body))


@router.delete("/workspaces/{workspace}/bans/{user_id}", response_model=Stored, responses=_CHANGE)
async def unban_colleague(
    workspace: Named, user_id: str, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Let somebody accept an invite again."""
    return await _change(use, who, key, workspace, {"op": "unban", "user": user_id})


@router.put("/workspaces/{workspace}/filters", response_model=Stored, responses=_CHANGE)
async def change_workspace_filter(
    workspace: Named, body: NewFilter, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Refuse, mask or flag messages with some words in all rooms of a workspace, or let them be."""
    return await _change(use, who, key, workspace, _filter(body))


def _mute(user: str, body: NewMemberMute) -> Json:
    until = _until(body.until)
    return {"op": "mute_member", "user": user, "reason": body.reason, **until}


def _ban(user: str, body: NewBan) -> Json:
    return {"op": "ban", "user": user, "reason": body.reason}


def _until(time: datetime | None) -> Json:
    return {} if time is None else {"until": time.isoformat()}


def _filter(body: NewFilter) -> Json:
    action = {} if body.action is None else {"action": body.action}
    return {"op": "filter", "words": body.words, **action}


async def _change(
    use: Services, who: Claims, key: str | None, room: str, command: Json
) -> Response:
    if not is_id(room):
        raise no_such_room()
    ack = await write(use, who, key, {**command, "room": room})
    return answer({"room": room, "event": ack.event, "cursor": ack.cursor}, ack.cursor)
