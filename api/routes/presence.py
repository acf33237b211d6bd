"""Who is here right now."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import answer, iso
from api.guards import Who
from api.history import names
from api.models.rooms import RoomPresence, UserPresences
from api.openapi import errors
from api.reads import OwnRoom
from api.relations import blockers
from api.routes.users import id_list
from api.services import Use
from api.sql import people as sql
from api.strict import StrictRoute

router = APIRouter(tags=["presence"], route_class=StrictRoute)


@router.get(
    "/rooms/{room_id}/presence",
    response_model=RoomPresence,
    responses=errors(401, 403, 404, 422, 503, 504),
)
async def get_room_presence(view: OwnRoom, use: Use) -> Response:
    """Return who is in a room, seen over all nodes; without those who have blocked one."""
    state = await use.valkey.room_presence(view.id)
    for hidden in await blockers(use, state):
        state.pop(hidden)
    users = await names(use, set(state)) if state else {}
    return answer({"room": view.id, "state": state, "users": users}, view.cursor)


@router.get("/presence", response_model=UserPresences, responses=errors(401, 422, 503))
async def list_presence(
    who: Who,
    use: Use,
    users: Annotated[
        str, Query(max_length=8000, description="user ids, comma-separated, at most 200")
    ],
) -> Response:
    """Return whether people are here, and since when not.

    It shows of those who share a room with one, or are friends, and have not blocked one. All others are offline,
    and were never seen.
    """
    ids = id_list(users)
    shown = [row["id"] for row in await use.postgres.all(sql.PRESENT, {"ids": ids})]
    states = dict(zip(shown, await use.valkey.user_presence(shown), strict=True))
    seen = {
        r["user_id"]: iso(r["changed_at"])
        for r in await use.postgres.all(sql.LAST_SEEN, {"ids": shown})
    }
    items = [
        {"user": each, "state": states.get(each) or "offline", "last_seen": seen.get(each)}
        for each in ids
    ]
    return answer({"items": items})
