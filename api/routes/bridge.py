"""For bridges and imports: accounts that stand for people of other systems."""

from fastapi import APIRouter, Response

from api.answers import answer
from api.bodies import BridgedUsers
from api.guards import Bridge
from api.models.accounts import BridgedUsersAnswer
from api.openapi import errors
from api.services import Use
from api.sql import accounts as sql
from api.strict import StrictRoute
from roomlog.ids import bridge_user_id

router = APIRouter(prefix="/bridge", tags=["bridge"], route_class=StrictRoute)


@router.put("/users", response_model=BridgedUsersAnswer, responses=errors(401, 403, 422, 503))
async def put_bridged_users(body: BridgedUsers, who: Bridge, use: Use) -> Response:
    """Make sure that each of these people has an account (without a password). Repeating changes nothing."""
    users = {name: bridge_user_id(body.bridge, name) for name in body.names}
    if users:
        # In the order of ids, so that two bridges never wait for each other's rows in a circle.
        pairs = sorted((user, name) for name, user in users.items())
        ids, names = zip(*pairs, strict=True)
        async with use.postgres.transaction() as connection:
            params = {"ids": list(ids), "names": list(names)}
            await connection.execute(sql.ADD_BRIDGED_ACCOUNTS, params)
            await connection.execute(sql.NOTIFY_OUTBOX)
    return answer({"users": users})
