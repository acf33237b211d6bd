"""The messages that a room keeps in view."""

from fastapi import APIRouter, Response

from api.answers import answer
from api.guards import Who
from api.history import History
from api.models.messages import PinList
from api.models.rooms import Stored
from api.openapi import errors
from api.reads import OwnRoom, RoomId, no_such_room
from api.services import Use
from api.strict import StrictRoute
from api.writes import IdempotencyKey, write
from roomlog.ids import is_id

router = APIRouter(prefix="/rooms/{room_id}/pins", tags=["messages"], route_class=StrictRoute)


@router.get("", response_model=PinList, responses=errors(401, 403, 404, 422, 503, 504))
async def list_pins(view: OwnRoom, use: Use) -> Response:
    """List the messages that a room keeps in view, the newest pin first."""
    return answer(await History(use, view).pins(), view.cursor)


@router.put(
    "/{event_id}", response_model=Stored, responses=errors(401, 403, 404, 409, 422, 429, 503)
)
async def pin_message(
    room_id: RoomId, event_id: str, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Keep a message in view. One that is pinned already stays as it is."""
    return await _change(use, who, key, "pin", room_id, event_id)


@router.delete(
    "/{event_id}", response_model=Stored, responses=errors(401, 403, 404, 409, 422, 429, 503)
)
async def unpin_message(
    room_id: RoomId, event_id: str, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Keep a message in view no more."""
    return await _change(use, who, key, "unpin", room_id, event_id)


async def _change(
    use: Use, who: Who, key: str | None, op: str, room_id: str, event_id: str
) -> Response:
    if not is_id(room_id):
        raise no_such_room()
    ack = await write(use, who, key, {"op": op, "room": room_id, "event": event_id})
    return answer({"room": room_id, "event": ack.event, "cursor": ack.cursor}, ack.cursor)
