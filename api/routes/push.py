"""Web push: the browsers in which somebody wants to be told while they are away."""

from fastapi import APIRouter, Request, Response

from api.answers import answer, iso
from api.bodies import NewPushSubscription
from api.guards import Who
from api.models.notifications import PushSettings, PushSubscription
from api.openapi import errors
from api.postgres import Row
from api.problems import Problem
from api.services import Use
from api.sql import push as sql
from api.strict import StrictRoute
from roomlog.errors import ErrorCode
from roomlog.ids import derived_id, is_id
from roomlog.push import PushHosts
from roomlog.vapid import is_browser_key

MOST = 20
"""Browsers of one person; the oldest are forgotten for new ones."""
_AGENT_CHARS = 300

router = APIRouter(prefix="/push", tags=["push"], route_class=StrictRoute)


@router.get("", response_model=PushSettings, responses=errors(401, 503))
async def get_push(who: Who, use: Use) -> Response:
    """Return the key that browsers subscribe with, and the browsers that are subscribed."""
    rows = await use.postgres.all(sql.SUBSCRIPTIONS, {"user_id": who.user_id})
    key = use.settings.vapid_public_key or None
    return answer({"key": key, "subscriptions": [_subscription(row) for row in rows]})


@router.post(
    "/subscriptions",
    status_code=201,
    response_model=PushSubscription,
    responses=errors(401, 403, 422, 429, 503),
)
async def subscribe_push(
    body: NewPushSubscription, who: Who, use: Use, request: Request
) -> Response:
    """Subscribe a browser, as its `PushSubscription` says; again changes nothing. It ends with the sign-in.

    A browser is one person's: whoever subscribes it last.
    """
    use.limits.write(who.user_id)
    if not use.settings.vapid_public_key:
        raise Problem(ErrorCode.BAD_REQUEST, "this server sends no web pushes")
    if not PushHosts(use.settings.push_hosts).has(body.endpoint):
        told = "endpoint: not an address of a push service that this server sends to"
        raise Problem(ErrorCode.BAD_REQUEST, told)
    if not is_browser_key(body.keys.p256dh, body.keys.auth):
        raise Problem(ErrorCode.BAD_REQUEST, "keys: not those of a browser's subscription")
    params = {
        "id": derived_id("push", who.user_id, body.endpoint),
        "user_id": who.user_id,
        "session_id": who.session_id,
        "endpoint": body.endpoint,
        "p256dh": body.keys.p256dh,
        "auth": body.keys.auth,
        "user_agent": request.headers.get("user-agent", "")[:_AGENT_CHARS].replace("\0", ""),
        "most": MOST,
    }
    async with use.postgres.transaction() as connection:
        await connection.execute(sql.RELEASE, params)
        row = await (await connection.execute(sql.SUBSCRIBE, params)).fetchone()
        await connection.execute(sql.FORGET_OLDEST, params)
    if row is None:  # it returns what it writes
        raise Problem(ErrorCode.INTERNAL, "the subscription was not stored")
    return answer(_subscription(row), status=201)


@router.delete(
    "/subscriptions/{subscription_id}",
    status_code=204,
    responses=errors(401, 403, 404, 422, 503),
)
async def unsubscribe_push(subscription_id: str, who: Who, use: Use) -> Response:
    """Forget a browser."""
    params = {"id": subscription_id, "user_id": who.user_id}
    if not is_id(subscription_id) or await use.postgres.one(sql.UNSUBSCRIBE, params) is None:
        raise Problem(ErrorCode.NOT_FOUND, "no such browser of yours is subscribed")
    return Response(status_code=204)


def _subscription(row: Row) -> dict[str, str]:
    return {
        "id": row["id"],
        "user_agent": row["user_agent"],
        "created_at": iso(row["created_at"]),
    }
