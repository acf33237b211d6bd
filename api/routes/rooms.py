"""Rooms and their members."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import answer, iso
from api.bodies import NewMember, NewRoom, RoomChange
from api.guards import Who
from api.members import members_page
from api.messages import Json
from api.models.rooms import CreatedRoom, MemberList, Room, RoomList, RoomStats, Stored
from api.openapi import errors
from api.paging import read_place, write_place
from api.picks import Picked, pick_of
from api.postgres import Row, like
from api.problems import Problem
from api.reads import OwnRoom, RoomId, VisibleRoom, no_such_room
from api.relations import require_open_to
from api.services import Use
from api.sql import rooms as sql
from api.strict import Search, StrictRoute
from api.writes import IdempotencyKey, write
from roomlog.cursors import Cursor
from roomlog.errors import ErrorCode
from roomlog.ids import derived_id, is_id
from roomlog.search.languages import SIMPLE

router = APIRouter(prefix="/rooms", tags=["rooms"], route_class=StrictRoute)
_SETTINGS = ("archived", "read_only", "history", "link_previews", "slow_mode_s")
After = Annotated[str | None, Query(max_length=600, description="`next` of the page before")]


@router.get("", response_model=RoomList, responses=errors(401, 422, 503))
async def list_rooms(
    who: Who,
    use: Use,
    pick: Picked,
    q: Annotated[Search, Query(description="part of a name")] = "",
    mine: Annotated[bool, Query(description="only rooms that one is a member of")] = False,
    archived: Annotated[bool, Query(description="archived rooms instead of the others")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: After = None,
) -> Response:
    """List public rooms and one's own, by name."""
    name, room = read_place(after) if after else (None, None)
    params = {
        "user_id": who.user_id,
        "picked": pick.is_made,
        "workspace_id": pick.workspace,
        "archived": archived,
        "pattern": f"%{like(q.strip())}%" if q.strip() else None,
        "after_name": name,
        "after_id": room,
        "limit": limit + 1,
    }
    use.postgres.prefer_replica()
    rows = await use.postgres.all(sql.OWN_ROOMS if mine else sql.VISIBLE_ROOMS, params)
    items = [_room(row, use.settings.epoch) for row in rows[:limit]]
    more = write_place(items[-1]["name"], items[-1]["id"]) if len(rows) > limit else None
    return answer({"items": items, "next": more})


@router.post(
    "",
    status_code=201,
    response_model=CreatedRoom,
    responses=errors(401, 403, 404, 409, 413, 422, 429, 503),
)
async def create_room(
    body: NewRoom, who: Who, use: Use, pick: Picked, key: IdempotencyKey = None
) -> Response:
    """Make a room, in the workspace that is picked. With a direct room that exists already, return that one."""
    if body.kind == "direct":
        await require_open_to(use, who.user_id, body.members)
    workspace = pick.workspace if body.workspace is None else pick_of(body.workspace).workspace
    command: Json = {
        "op": "create",
        "name": body.name,
        "kind": body.kind,
        "members": body.members,
        **({} if workspace is None else {"workspace": workspace}),
    }
    ack = await write(use, who, key, command)
    others = {m for m in body.members if m != who.user_id}
    room = {
        "id": ack.room,
        "name": body.name,
        "kind": body.kind,
        "workspace": workspace,
        "topic": "",
        "language": SIMPLE,
        "members": len(others) + 1,
        "is_member": True,
        "role": "owner",
        "event": ack.event,
        "cursor": ack.cursor,
    }
    return answer(room, ack.cursor, status=201)


@router.get("/{room_id}", response_model=Room, responses=errors(401, 404, 422, 503, 504))
async def get_room(view: VisibleRoom, use: Use) -> Response:
    """Return a room."""
    return answer(_room(view.row, use.settings.epoch), view.cursor)


@router.patch(
    "/{room_id}", response_model=Stored, responses=errors(401, 403, 404, 409, 422, 429, 503)
)
async def change_room(
    room_id: RoomId, body: RoomChange, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Give a room another name, topic, language or settings; owners and moderators may. One event for each."""
    if not is_id(room_id):
        raise no_such_room()
    given = body.model_dump(exclude_none=True)
    settings: Json = {k: given.pop(k) for k in _SETTINGS if k in given}
    changes: list[Json] = [{"op": "rename", name: value} for name, value in given.items()]
    # Out of the archive first, into it last: an archived room takes no name.
    place = 0 if settings.get("archived") is False else len(changes)
    changes[place:place] = [{"op": "settings", **settings}] if settings else []
    if not changes:
        raise Problem(ErrorCode.BAD_REQUEST, "nothing to change is named")
    for number, change in enumerate(changes):
        own = key and (key if len(changes) == 1 else derived_id("patch", key, str(number)))
        ack = await write(use, who, own, {**change, "room": room_id})
    return answer({"room": room_id, "event": ack.event, "cursor": ack.cursor}, ack.cursor)


@router.get(
    "/{room_id}/members", response_model=MemberList, responses=errors(401, 403, 404, 422, 503, 504)
)
async def list_members(
    view: OwnRoom,
    use: Use,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    after: After = None,
) -> Response:
    """List the members of a room."""
    return await members_page(use, view.id, after, limit, view.cursor)


@router.post(
    "/{room_id}/members",
    response_model=Stored,
    responses=errors(401, 403, 404, 409, 422, 429, 503),
)
async def join_room(
    room_id: RoomId, who: Who, use: Use, body: NewMember | None = None, key: IdempotencyKey = None
) -> Response:
    """Become a member of a public room. A member already stays one."""
    if body is not None:
        _require_self(body.user or who.user_id, who.user_id)
    return await _change(room_id, who, use, key, "join")


@router.delete(
    "/{room_id}/members/{user_id}",
    response_model=Stored,
    responses=errors(401, 403, 404, 409, 422, 429, 503),
)
async def leave_room(
    room_id: RoomId, user_id: str, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Stop being a member; `user_id` is one's own id, or `me`."""
    _require_self(who.user_id if user_id == "me" else user_id, who.user_id)
    return await _change(room_id, who, use, key, "leave")


@router.get("/{room_id}/stats", response_model=RoomStats, responses=errors(401, 404, 422, 503, 504))
async def get_room_stats(view: VisibleRoom, use: Use) -> Response:
    """Return how lively a room is."""
    recent = await use.postgres.one(sql.ROOM_STATS, {"room_id": view.id}) or {}
    body = {
        "room": view.id,
        "members": view.row["members"],
        "messages": view.row["message_count"],
        "deleted": view.row["deleted_count"],
        "messages_last_day": recent["day"],
        "messages_last_week": recent["week"],
        "senders_last_week": recent["senders"],
        "created_at": iso(view.row["created_at"]),
        "last_event_at": iso(view.row["last_event_at"]),
        "cursor": view.cursor,
    }
    return answer(body, view.cursor)


async def _change(room_id: str, who: Who, use: Use, key: str | None, op: str) -> Response:
    if not is_id(room_id):
        raise no_such_room()
    ack = await write(use, who, key, {"op": op, "room": room_id})
    return answer({"room": room_id, "event": ack.event, "cursor": ack.cursor}, ack.cursor)


def _require_self(user_id: str, me: str) -> None:
    if user_id != me:
        raise Problem(ErrorCode.FORBIDDEN, "you can join and leave only yourself")


def _room(row: Row, epoch: int) -> Json:
    return {
        "id": row["id"],
        "name": row["name"],
        "kind": row["kind"],
        "workspace": row["workspace_id"],
        "topic": row["topic"],
        "language": row["language"],
        "archived": row["archived"],
        "read_only": row["read_only"],
        "history": row["history"],
        "link_previews": row["link_previews"],
        "slow_mode_s": row["slow_mode_s"],
        "muted_until": row["muted_until"] and iso(row["muted_until"]),
        "members": row["members"],
        "is_member": row["role"] is not None,
        "role": row["role"],
        "last_cursor": str(Cursor(epoch, row["last_offset"])),
        "created_at": iso(row["created_at"]),
    }
