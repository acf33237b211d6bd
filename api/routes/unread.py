"""What one has not read yet."""

from typing import Any

from fastapi import APIRouter, Response

from api.answers import answer, iso
from api.guards import Who
from api.models.notifications import UnreadRooms
from api.openapi import errors
from api.postgres import Row
from api.services import Use
from api.strict import StrictRoute
from roomlog.cursors import Cursor
from roomlog.readmodels.unread import COUNTED_TO, UNREAD

router = APIRouter(tags=["unread"], route_class=StrictRoute)


@router.get("/unread", response_model=UnreadRooms, responses=errors(401, 503))
async def list_unread(who: Who, use: Use) -> Response:
    """Return for each of one's rooms what came after the read marker.

    Own and deleted messages do not count, nor those of the blocked. The total leaves out what one does not
    want to hear of muted rooms.
    """
    fresh = await use.valkey.read_markers(who.user_id)
    rows = await use.postgres.all(
        UNREAD,
        {
            "user_id": who.user_id,
            "rooms": list(fresh),
            "offsets": list(fresh.values()),
            "most": COUNTED_TO + 1,
        },
    )
    items = [_item(row, use.settings.epoch) for row in rows]
    return answer({"items": items, "total": _total(items)})


def mute(row: Row) -> dict[str, Any] | None:
    """Return how a room is muted, from a row with `level` and `ends_at`."""
    if row["level"] is None:
        return None
    return {"level": row["level"], "until": row["ends_at"] and iso(row["ends_at"])}


def _item(row: Row, epoch: int) -> dict[str, Any]:
    def cursor(offset: int | None) -> str | None:
        return None if offset is None else str(Cursor(epoch, offset))

    return {
        "room": row["room_id"],
        "unread": min(row["unread"], COUNTED_TO),
        "mentions": min(row["mentions"], COUNTED_TO),
        "capped": max(row["unread"], row["mentions"]) > COUNTED_TO,
        "first_unread": cursor(row["first_unread"]),
        "read_up_to": cursor(row["read_up_to"]),
        "cursor": cursor(row["last_offset"]),
        "mute": mute(row),
    }


def _total(items: list[dict[str, Any]]) -> dict[str, Any]:
    unread = mentions = 0
    capped = False
    for item in items:
        level = item["mute"] and item["mute"]["level"]
        if level != "nothing":
            unread += item["mentions"] if level == "mentions" else item["unread"]
            mentions += item["mentions"]
            capped |= item["capped"]
    return {"unread": unread, "mentions": mentions, "capped": capped}
