"""Friends, requests to be, and blocks."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.answers import answer, iso
from api.guards import Who
from api.messages import user
from api.models.people import Blocked, Friends, Relation
from api.openapi import errors
from api.postgres import Row
from api.relations import (
    LISTED,
    blocked,
    find_other,
    no_such_user,
    record,
    require_fewer_blocked,
    require_room_for,
    state_of,
)
from api.services import Use
from api.sql import people as sql
from api.strict import StrictRoute
from roomlog.accounts import (
    FriendAccepted,
    FriendRemoved,
    FriendRequested,
    RelationBody,
    UserBlocked,
    UserUnblocked,
)

router = APIRouter(tags=["friends"], route_class=StrictRoute)
_CHANGE = errors(401, 403, 404, 422, 429, 503, 504)
UserId = Annotated[str, Path(description="a user's id", max_length=64)]


@router.get("/friends", response_model=Friends, responses=errors(401, 503))
async def list_friends(who: Who, use: Use) -> Response:
    """List one's friends, who asked one to be friends, and whom one asked."""
    rows = await use.postgres.all(sql.FRIENDS, {"user_id": who.user_id, "limit": LISTED})
    found: dict[str, list[dict[str, str]]] = {"friends": [], "asked": [], "requested": []}
    for row in rows:
        since = row["accepted_at"] or row["asked_at"]
        found[state_of(row, who.user_id)].append({"user": row["id"], "since": iso(since)})
    return answer({**found, "users": _users(rows)})


@router.post("/friends/{user_id}", response_model=Relation, responses=_CHANGE)
async def request_friend(user_id: UserId, who: Who, use: Use) -> Response:
    """Ask somebody to be friends, or say yes to their request. Two who ask each other at once are friends.

    For somebody who has blocked one this answers as for somebody who is not there.
    """
    other = await find_other(use, who.user_id, user_id)
    if other.blocks_me:
        raise no_such_user()
    if other.is_blocked:
        raise blocked()
    if other.state in ("none", "asked"):
        asks = other.state == "none"
        await require_room_for(use, who.user_id, asks=asks)
        body: RelationBody = FriendRequested(other.id) if asks else FriendAccepted(other.id)
        other = await record(use, who, other, body)
    return answer(other.body())


@router.delete("/friends/{user_id}", response_model=Relation, responses=_CHANGE)
async def remove_friend(user_id: UserId, who: Who, use: Use) -> Response:
    """End a friendship, take a request back, or turn one down."""
    other = await find_other(use, who.user_id, user_id)
    if other.state != "none":
        other = await record(use, who, other, FriendRemoved(other.id))
    return answer(other.body())


@router.get("/blocks", response_model=Blocked, responses=errors(401, 503))
async def list_blocked(who: Who, use: Use) -> Response:
    """List whom one has blocked."""
    rows = await use.postgres.all(sql.BLOCKED, {"user_id": who.user_id, "limit": LISTED})
    items = [{"user": row["id"], "since": iso(row["blocked_at"])} for row in rows]
    return answer({"items": items, "users": _users(rows)})


@router.post("/blocks/{user_id}", response_model=Relation, responses=_CHANGE)
async def block_user(user_id: UserId, who: Who, use: Use) -> Response:
    """Hear no more of somebody: no direct messages, requests or notifications, and they do not see one's presence.

    A friendship or a request ends by that. They are not told.
    """
    other = await find_other(use, who.user_id, user_id)
    if not other.is_blocked:
        await require_fewer_blocked(use, who.user_id)
        other = await record(use, who, other, UserBlocked(other.id))
    return answer(other.body())


@router.delete("/blocks/{user_id}", response_model=Relation, responses=_CHANGE)
async def unblock_user(user_id: UserId, who: Who, use: Use) -> Response:
    """Take a block back; a friendship that it ended stays ended."""
    other = await find_other(use, who.user_id, user_id)
    if other.is_blocked:
        other = await record(use, who, other, UserUnblocked(other.id))
    return answer(other.body())


def _users(rows: list[Row]) -> dict[str, dict[str, str]]:
    return {row["id"]: user(row["id"], row["name"]) for row in rows}
