"""A page of the people in a room or a workspace."""

from fastapi import Response

from api.answers import answer, iso
from api.messages import user
from api.problems import Problem
from api.services import Services
from api.sql import rooms as sql
from roomlog.errors import ErrorCode
from roomlog.ids import is_id


async def members_page(
    use: Services, room_id: str, after: str | None, limit: int, cursor: str
) -> Response:
    """Return the members after a user, as `MemberList` has them; `cursor` was read before.

    Raises Problem (422, 503).
    """
    if after is not None and not is_id(after):
        raise Problem(ErrorCode.BAD_REQUEST, "after: not the `next` of a page")
    params = {"room_id": room_id, "after": after, "limit": limit + 1}
    rows = await use.postgres.all(sql.MEMBERS, params)
    more, rows = len(rows) > limit, rows[:limit]
    body = {
        "items": [
            {"user": r["user_id"], "role": r["role"], "joined_at": iso(r["joined_at"])}
            for r in rows
        ],
        "users": {r["user_id"]: user(r["user_id"], r["name"], r["is_bot"]) for r in rows},
        "next": rows[-1]["user_id"] if more else None,
        "cursor": cursor,
    }
    return answer(body, cursor)
