"""Incoming hooks: other systems post into a room by an address that holds a token."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.answers import answer, iso
from api.bodies import HookMessage, NewHook
from api.guards import Who
from api.limits import BY_HOOK
from api.messages import Json, user
from api.models.integrations import HookList, HookPosted, HookToken
from api.models.rooms import Stored
from api.openapi import errors
from api.problems import Problem
from api.reads import OwnRoom, RoomId, no_such_room, require_manages, wait_for, wanted_cursor
from api.services import Services, Use
from api.sql import integrations as sql
from api.strict import StrictRoute
from api.telemetry import V1
from api.writes import IdempotencyKey, write
from roomlog import ids
from roomlog.errors import ErrorCode
from roomlog.hooks import external_key, new_token, token_hash

router = APIRouter(tags=["hooks"], route_class=StrictRoute)
_CHANGE = errors(401, 403, 404, 409, 422, 429, 503)
_GONE = (ErrorCode.NO_SUCH_ROOM, ErrorCode.NOT_A_MEMBER)
Hook = Annotated[str, Path(description="a hook's id", max_length=64)]
Token = Annotated[str, Path(description="the token that was shown once", max_length=100)]


@router.get(
    "/rooms/{room_id}/hooks",
    response_model=HookList,
    responses=errors(401, 403, 404, 422, 503, 504),
)
async def list_hooks(view: OwnRoom, use: Use) -> Response:
    """List the incoming hooks of a room; its owners and moderators may."""
    require_manages(view.row)
    use.postgres.prefer_primary("just written")  # who made one is told when it is there, and looks
    rows = await use.postgres.all(sql.HOOKS, {"room_id": view.id})
    items = [
        {
            "id": row["id"],
            "name": row["name"],
            "created_by": row["created_by"],
            "created_at": iso(row["created_at"]),
            "rotated_at": row["rotated_at"] and iso(row["rotated_at"]),
        }
        for row in rows
    ]
    users = {r["created_by"]: user(r["created_by"], r["created_by_name"]) for r in rows}
    return answer({"items": items, "users": users}, view.cursor)


@router.post("/rooms/{room_id}/hooks", status_code=201, response_model=HookToken, responses=_CHANGE)
async def create_hook(room_id: RoomId, body: NewHook, who: Who, use: Use) -> Response:
    """Make an incoming hook; owners and moderators may. Its token is shown this once.

    Its bot is a member of the room until the hook is revoked.
    """
    _require_id(room_id)
    token, key = new_token(), ids.new_id()
    command = {"op": "create_hook", "name": body.name, "token_hash": token_hash(token)}
    hook = ids.hook_id(who.user_id, room_id, key)
    # First its name: the event makes everybody in the room ask for it.
    await use.postgres.run(sql.ADD_BOT, {"id": hook, "name": body.name})
    try:
        ack = await write(use, who, key, {**command, "room": room_id})
    except Problem as problem:
        if problem.code is not ErrorCode.UNAVAILABLE:
            await use.postgres.run(sql.REMOVE_BOT, {"id": hook})
        raise
    return await _with_token(use, room_id, hook, body.name, token, ack.cursor, status=201)


@router.post("/rooms/{room_id}/hooks/{hook}/rotate", response_model=HookToken, responses=_CHANGE)
async def rotate_hook(room_id: RoomId, hook: Hook, who: Who, use: Use) -> Response:
    """Give a hook another token; the one before is good no more."""
    _require_id(room_id)
    token = new_token()
    command = {"op": "rotate_hook", "hook": hook, "token_hash": token_hash(token)}
    ack = await write(use, who, None, {**command, "room": room_id})
    return await _with_token(use, room_id, hook, None, token, ack.cursor)


@router.delete("/rooms/{room_id}/hooks/{hook}", response_model=Stored, responses=_CHANGE)
async def revoke_hook(
    room_id: RoomId, hook: Hook, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """End a hook; what it has posted stays."""
    _require_id(room_id)
    command = {"op": "revoke_hook", "room": room_id, "hook": hook}
    ack = await write(use, who, key, command)
    await _settle(use, room_id, ack.cursor)
    return answer({"room": room_id, "event": ack.event, "cursor": ack.cursor}, ack.cursor)


@router.post(
    "/hooks/{token}",
    status_code=201,
    response_model=HookPosted,
    responses=errors(404, 409, 413, 422, 429, 503),
)
async def post_by_hook(token: Token, body: HookMessage, use: Use) -> Response:
    """Post a message by a hook. The token is all the authentication there is.

    The same `externalEventId` within 24 hours is posted once and answered the same; with another text it
    is `key_reused`.
    """
    found = await use.postgres.one(sql.HOOK, {"token_hash": token_hash(token)})
    if found is None:
        raise _no_such_hook()
    await use.limits.count(BY_HOOK, found["id"])
    external = body.external_id
    key = ids.new_id() if external is None else external_key(found["id"], external)
    text = body.text if body.name is None else f"{body.name}: {body.text}"
    command = {"op": "send", "room": found["room_id"], "key": key, "text": text}
    try:
        ack = await use.nodes.command(found["id"], command)
    except Problem as problem:  # revoked, and this process has not heard of it
        raise _no_such_hook() if problem.code in _GONE else problem from None
    return answer(
        {"id": ack.event, "room": found["room_id"], "cursor": ack.cursor}, ack.cursor, status=201
    )


async def _with_token(
    use: Services,
    room: str,
    hook: str,
    name: str | None,
    token: str,
    cursor: str | None,
    status: int = 200,
) -> Response:
    await _settle(use, room, cursor)
    told: Json = {"id": hook, "name": name, "token": token, "path": f"{V1}/hooks/{token}"}
    return answer({**told, "cursor": cursor}, cursor, status=status)


async def _settle(use: Services, room: str, cursor: str | None) -> None:
    """Wait until tokens are looked up as they are now; where that takes too long, they will be."""
    try:
        await wait_for(use, room, wanted_cursor(cursor, use.settings.epoch))
    except Problem as problem:
        if problem.code is not ErrorCode.BEHIND:
            raise


def _require_id(room_id: str) -> None:
    if not ids.is_id(room_id):
        raise no_such_room()


def _no_such_hook() -> Problem:
    told = "there is no such hook (any more); ask an owner of the room for its address"
    return Problem(ErrorCode.NOT_FOUND, told)
