"""What one has not read yet."""

from fastapi import APIRouter, Response

from api import sql
from api.answers import answer
from api.guards import Who
from api.models import UnreadRooms
from api.openapi import errors
from api.services import Use
from api.strict import StrictRoute
from roomlog.cursors import Cursor

COUNTED_TO = 1_000
"""Messages of a room that are counted at most."""

router = APIRouter(tags=["unread"], route_class=StrictRoute)


@router.get("/unread", response_model=UnreadRooms, responses=errors(401, 503))
async def list_unread(who: Who, use: Use) -> Response:
    """Return for each of one's rooms what came after the read marker; own and deleted messages do not count."""
    fresh = await use.valkey.read_markers(who.user_id)
    rows = await use.postgres.all(
        sql.UNREAD,
        {
            "user_id": who.user_id,
            "rooms": list(fresh),
            "offsets": list(fresh.values()),
            "most": COUNTED_TO,
        },
    )

    def cursor(offset: int | None) -> str | None:
        return None if offset is None else str(Cursor(use.settings.epoch, offset))

    items = [
        {
            "room": row["room_id"],
            "unread": row["unread"],
            "mentions": row["mentions"],
            "first_unread": cursor(row["first_unread"]),
            "read_up_to": cursor(row["read_up_to"]),
        }
        for row in rows
    ]
    return answer({"items": items})
