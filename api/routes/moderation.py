"""Reports, mutes, bans, word filters, and the audit log; of rooms and of workspaces."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from api.answers import answer
from api.bodies import NewBan, NewFilter, NewMemberMute, NewReport, Resolution
from api.guards import Who
from api.history import no_such_message
from api.messages import Json
from api.models.moderation import Audit, Moderation, ReportQueue
from api.models.rooms import Stored
from api.moderation import audit_page, moderation_of, queue, require_moderator
from api.openapi import errors
from api.picks import Picked
from api.problems import Problem
from api.reads import (
    AfterHeader,
    AfterQuery,
    OwnRoom,
    RoomId,
    no_such_room,
    read_after,
    wanted_in,
)
from api.routes.workspaces import Named, Own, cursor_of
from api.services import Services, Use
from api.sql import messages as messages_sql
from api.sql import moderation as moderation_sql
from api.strict import StrictRoute
from api.writes import IdempotencyKey, write
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
        found = await use.postgres.one(messages_sql.ROOM_OF_MESSAGE, {"event_id": event_id})
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
    pick: Picked,
    room: Annotated[str | None, Query(max_length=64, description="only of this room")] = None,
    limit: Limit = 50,
    after_cursor: AfterQuery = None,
    roomlog_after: AfterHeader = None,
) -> Response:
    """List the messages that wait for one in the rooms that one moderates (of the workspace that is picked), the oldest
    report first.

    `after_cursor`, together with `room`, waits for what was done about one just now.
    """
    if room is not None and not is_id(room):
        raise no_such_room()
    if place := wanted_in(room, after_cursor or roomlog_after, use.settings.epoch):
        await read_after(use, *place)
    else:
        use.postgres.prefer_replica()
    return answer(await queue(use, room, pick, limit))


@router.post("/reports/{event_id}/resolve", response_model=Stored, responses=_CHANGE)
async def resolve_report(
    event_id: str, body: Resolution, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Be done with a message that was reported: dismiss it, delete it, or mute, remove or ban its author."""
    found = (
        await use.postgres.one(moderation_sql.REPORTED, {"event_id": event_id})
        if is_id(event_id)
        else None
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


# What holds in a room; or in a workspace, and so in all its rooms. Each route is there for both.


class Seen(NamedTuple):
    """A room or workspace that the user is in, and the cursor of its last event."""

    id: str
    cursor: str


async def _room(room_id: RoomId) -> str:
    return room_id


async def _workspace(workspace: Named) -> str:
    return workspace


async def _seen_room(view: OwnRoom) -> Seen:
    return Seen(view.id, view.cursor)


async def _seen_workspace(own: Own, use: Use) -> Seen:
    return Seen(own["id"], cursor_of(own, use))


_IN_BOTH: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "place": (_room, _workspace),
    "seen": (_seen_room, _seen_workspace),
}
"""Parameter of a route -> where it comes from: in a room, and in a workspace."""
_PREFIXES = ("/rooms/{room_id}", "/workspaces/{workspace}")
Endpoint = Callable[..., Awaitable[Response]]


def _in_both(
    method: str, path: str, names: tuple[str, str], *, of: type[BaseModel] = Stored
) -> Callable[[Endpoint], Endpoint]:
    """Serve an endpoint below rooms and below workspaces, under a name each."""

    def register(endpoint: Endpoint) -> Endpoint:
        for prefix, name, which in zip(_PREFIXES, names, (0, 1), strict=True):
            router.add_api_route(
                prefix + path,
                _bound(endpoint, which),
                methods=[method],
                name=name,
                response_model=of,
                responses=_READ if method == "GET" else _CHANGE,
            )
        return endpoint

    return register


def _bound(endpoint: Endpoint, which: int) -> Endpoint:
    """Return the endpoint as FastAPI is to see it: with `place` or `seen` from where it is in a room or workspace."""

    @functools.wraps(endpoint)
    async def bound(**given: Any) -> Response:
        return await endpoint(**given)

    signature = inspect.signature(endpoint)
    parameters = [
        each.replace(annotation=Annotated[each.annotation, Depends(_IN_BOTH[name][which])])
        if name in _IN_BOTH
        else each
        for name, each in signature.parameters.items()
    ]
    bound.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return bound


@_in_both("GET", "/moderation", ("get_moderation", "get_workspace_moderation"), of=Moderation)
async def moderation_here(seen: Seen, use: Use) -> Response:
    """Return who is muted or banned, and which words are filtered; moderators may."""
    await require_moderator(use, seen.id)
    return answer({**await moderation_of(use, seen.id), "cursor": seen.cursor}, seen.cursor)


@_in_both("GET", "/audit", ("get_audit", "get_workspace_audit"), of=Audit)
async def audit_here(seen: Seen, use: Use, before: Before = None, limit: Limit = 50) -> Response:
    """Return who did what, and where in the log that stands; moderators may.

    Of a workspace with those of its rooms that one moderates.
    """
    await require_moderator(use, seen.id)
    return answer(await audit_page(use, seen.id, before, limit), seen.cursor)


@_in_both("PUT", "/mutes/{user_id}", ("mute_member", "mute_colleague"))
async def mute(
    place: str, user_id: str, body: NewMemberMute, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Let somebody read and not write, until a time or without an end."""
    return await _change(use, who, key, place, _mute(user_id, body))


@_in_both("DELETE", "/mutes/{user_id}", ("unmute_member", "unmute_colleague"))
async def unmute(
    place: str, user_id: str, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Let somebody write again."""
    return await _change(use, who, key, place, {"op": "unmute_member", "user": user_id})


@_in_both("PUT", "/bans/{user_id}", ("ban_member", "ban_colleague"))
async def ban(
    place: str, user_id: str, body: NewBan, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Remove somebody, and let neither an invite nor their own act bring them back. Works on strangers, too."""
    return await _change(use, who, key, place, _ban(user_id, body))


@_in_both("DELETE", "/bans/{user_id}", ("unban_member", "unban_colleague"))
async def unban(
    place: str, user_id: str, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Let somebody come in again."""
    return await _change(use, who, key, place, {"op": "unban", "user": user_id})


@_in_both("PUT", "/filters", ("change_filter", "change_workspace_filter"))
async def change_filter(
    place: str, body: NewFilter, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Refuse, mask or flag messages with some words, or let them be."""
    return await _change(use, who, key, place, _filter(body))


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
