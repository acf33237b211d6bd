"""People, as others see them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import answer
from api.bodies import Erasure, Rename
from api.erasure import erase, no_such_account
from api.guards import Who
from api.messages import user
from api.models.accounts import Me, User, Users
from api.openapi import errors
from api.picks import Picked
from api.postgres import like
from api.problems import Problem
from api.routes.auth import signed_out
from api.services import Use
from api.sql import accounts as accounts_sql
from api.sql import people as people_sql
from api.strict import Search, StrictRoute
from roomlog.errors import ErrorCode
from roomlog.ids import is_id, new_id

MAX_IDS = 200
router = APIRouter(prefix="/users", tags=["users"], route_class=StrictRoute)


@router.get("", response_model=Users, responses=errors(401, 422, 503))
async def list_users(
    who: Who,
    use: Use,
    pick: Picked,
    q: Annotated[Search, Query(description="part of a name")] = "",
    ids: Annotated[
        str | None, Query(max_length=8000, description="user ids, comma-separated, at most 200")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """Find people by a part of their name, or by their ids (unknown ones are left out).

    Names are looked for among the people of the workspace that is picked.
    """
    if ids is not None:
        known = await use.postgres.all(people_sql.NAMES, {"ids": id_list(ids)})
        return answer({"items": [user(row["id"], row["name"], row["is_bot"]) for row in known]})
    if pick.workspace is not None:
        part = like(q.strip()) if q.strip() else None
        params = {
            "workspace_id": pick.workspace,
            "pattern": part and f"%{part}%",
            "prefix": part and f"{part}%",
            "limit": limit,
        }
        return answer({"items": await use.postgres.all(people_sql.SEARCH_COLLEAGUES, params)})
    if not q.strip():
        return answer({"items": await use.postgres.all(people_sql.LIST_USERS, {"limit": limit})})
    part = like(q.strip())
    params = {"pattern": f"%{part}%", "prefix": f"{part}%", "limit": limit}
    return answer({"items": await use.postgres.all(people_sql.SEARCH_USERS, params)})


@router.patch("/me", response_model=Me, responses=errors(401, 403, 422, 503))
async def rename_me(body: Rename, who: Who, use: Use) -> Response:
    """Change one's display name."""
    async with use.postgres.transaction() as connection:
        params = {"id": who.user_id, "name": body.name}
        row = await (await connection.execute(accounts_sql.RENAME_ACCOUNT, params)).fetchone()
        if row is None:
            raise no_such_account()
        fact = {"event_id": new_id(), "user_id": who.user_id, "type": "UserRenamed"}
        await connection.execute(accounts_sql.ADD_OUTBOX, {**fact, "name": body.name})
        await connection.execute(accounts_sql.NOTIFY_OUTBOX)
    return answer(row)


@router.delete(
    "/me", status_code=204, response_model=None, responses=errors(401, 403, 409, 422, 429, 503)
)
async def erase_me(body: Erasure, who: Who, use: Use) -> Response:
    """End one's account, for ever: what one said stays in its rooms, under the name `Deleted user`.

    Refused with `still_owner` while others are in a room or workspace of which one is the only owner.
    """
    if not is_id(who.user_id):  # tokens of operators and load tests
        raise no_such_account()
    await erase(use, who.user_id, body.password)
    return signed_out()


@router.get("/{user_id}", response_model=User, responses=errors(401, 404, 503))
async def get_user(user_id: str, who: Who, use: Use) -> Response:
    """Return a person."""
    rows = await use.postgres.all(people_sql.NAMES, {"ids": [user_id]}) if is_id(user_id) else []
    if not rows:
        raise Problem(ErrorCode.NOT_FOUND, "there is no such user")
    return answer(user(rows[0]["id"], rows[0]["name"], rows[0]["is_bot"]))


def id_list(text: str) -> list[str]:
    """Return the ids of a comma-separated list, those that can be ids; raises Problem (422) for too many."""
    ids = [i for i in dict.fromkeys(text.split(",")) if is_id(i)]
    if len(ids) > MAX_IDS:
        raise Problem(ErrorCode.BAD_REQUEST, f"ids: at most {MAX_IDS}")
    return ids
