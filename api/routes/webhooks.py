"""Webhooks: events of a room or a workspace, sent to other systems (by `roomlog webhooks`)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from api.answers import answer, iso
from api.bodies import NewWebhook, Replay, WebhookChange
from api.guards import Who
from api.models.integrations import DeliveryList, Replaying, Webhook, WebhookList, WebhookSecret
from api.openapi import errors
from api.paging import read_place, write_place
from api.postgres import Row
from api.problems import Problem
from api.reads import is_visible, no_such_room, own_cursor, require_manages
from api.services import Services, Use
from api.sql import integrations as sql
from api.strict import StrictRoute
from roomlog.cursors import Cursor
from roomlog.errors import ErrorCode
from roomlog.events import BODY_TYPES
from roomlog.ids import is_id, new_id
from roomlog.outbound import Forbidden, Unresolved, networks, parse, resolve
from roomlog.webhooks import MAX_WEBHOOKS, OLD_SECRET, new_secret

router = APIRouter(prefix="/webhooks", tags=["webhooks"], route_class=StrictRoute)
_READ = errors(401, 403, 404, 422, 503)
_WRITE = errors(401, 403, 404, 422, 429, 503)


async def managed_place(use: Services, user_id: str, room_id: str) -> Row:
    """Return a room or a workspace whose webhooks the user manages; raises Problem (403, 404)."""
    params = {"room_id": room_id, "user_id": user_id}
    row = await use.postgres.one(sql.MANAGED_PLACE, params) if is_id(room_id) else None
    if row is None or not is_visible(row):
        raise no_such_room()
    require_manages(row)
    return row


async def _own(
    use: Use, who: Who, webhook: Annotated[str, Path(max_length=64, description="its id")]
) -> Row:
    """Return a webhook that the user manages; raises Problem (403, 404)."""
    row = await use.postgres.one(sql.WEBHOOK, {"webhook": webhook}) if is_id(webhook) else None
    if row is None:
        raise Problem(ErrorCode.NOT_FOUND, "there is no such webhook")
    await managed_place(use, who.user_id, row["room_id"])
    return row


Own = Annotated[Row, Depends(_own)]


@router.get("", response_model=WebhookList, responses=_READ)
async def list_webhooks(
    who: Who, use: Use, room: Annotated[str, Query(max_length=64, description="or a workspace")]
) -> Response:
    """List the webhooks of a room or a workspace; its owners and moderators (admins) may."""
    await managed_place(use, who.user_id, room)
    rows = await use.postgres.all(sql.WEBHOOKS, {"room_id": room})
    return answer({"items": [_webhook(row) for row in rows]})


@router.post("", status_code=201, response_model=WebhookSecret, responses=_WRITE)
async def create_webhook(body: NewWebhook, who: Who, use: Use) -> Response:
    """Send what happens from now on to an address. The secret that signs it is shown this once."""
    _count(use, who)
    await managed_place(use, who.user_id, body.room)
    _require_types(body.types)
    await _require_address(use, body.url)
    made: dict[str, Any] = {"id": new_id(), "secret": new_secret()}
    params: dict[str, Any] = {"room_id": body.room, "user_id": who.user_id, "most": MAX_WEBHOOKS}
    params |= body.model_dump(include={"url", "types", "bots"})
    kept = {"id": made["id"], "secret": use.sealing.seal(made["secret"])}
    if await use.postgres.one(sql.ADD_WEBHOOK, {**params, **kept}) is None:
        told = f"room: it has {MAX_WEBHOOKS} webhooks; delete one that is not used"
        raise Problem(ErrorCode.FORBIDDEN, told)
    return answer({**made, "old_secret_until": None}, status=201)


@router.get("/{webhook}", response_model=Webhook, responses=_READ)
async def get_webhook(own: Own) -> Response:
    """Return a webhook, and how its deliveries go."""
    return answer(_webhook(own))


@router.patch("/{webhook}", response_model=Webhook, responses=_WRITE)
async def change_webhook(body: WebhookChange, own: Own, who: Who, use: Use) -> Response:
    """Change a webhook, pause it or let it go on. What is paused misses nothing: it goes on where it stopped."""
    _count(use, who)
    _require_types(body.types or [])
    if body.url is not None:
        await _require_address(use, body.url)
    params = {**body.model_dump(), "webhook": own["id"]}
    async with use.postgres.transaction() as connection:
        await connection.execute(sql.CHANGE_WEBHOOK, params)
        if body.paused is False:
            await connection.execute(sql.WAKE_LANES, params)
    row = await use.postgres.one(sql.WEBHOOK, params)
    return answer(_webhook(own if row is None else row))


@router.delete("/{webhook}", status_code=204, responses=_WRITE)
async def delete_webhook(own: Own, use: Use) -> Response:
    """End a webhook. What waits is not sent any more."""
    async with use.postgres.transaction() as connection:
        # Rows of the webhook are seen as long as it is there itself.
        for statement in (sql.DELETE_DELIVERIES, sql.DELETE_LANES, sql.DELETE_WEBHOOK):
            await connection.execute(statement, {"webhook": own["id"]})
    return Response(status_code=204)


@router.post("/{webhook}/rotate", response_model=WebhookSecret, responses=_WRITE)
async def rotate_webhook(own: Own, who: Who, use: Use) -> Response:
    """Give a webhook another secret; for 24 hours both sign."""
    _count(use, who)
    secret = new_secret()
    params = {"webhook": own["id"], "secret": use.sealing.seal(secret), "both": OLD_SECRET}
    row = await use.postgres.one(sql.ROTATE_WEBHOOK, params)
    until = iso(row["old_until"]) if row else None
    told = {"id": own["id"], "secret": secret, "old_secret_until": until}
    return answer(told)


@router.get("/{webhook}/deliveries", response_model=DeliveryList, responses=_READ)
async def list_deliveries(
    own: Own,
    use: Use,
    state: Literal["waiting", "delivered", "dead"] | None = None,
    before: Annotated[str | None, Query(max_length=600, description="`next` of a page")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """List the deliveries of 30 days, the newest first."""
    time, last = read_place(before) if before else (None, None)
    params = {
        "webhook": own["id"],
        "state": state,
        "before": _time(time),
        "before_id": last,
        "limit": limit + 1,
    }
    rows = await use.postgres.all(sql.DELIVERIES, params)
    items = [_delivery(row, use.settings.epoch) for row in rows[:limit]]
    end = rows[limit - 1] if len(rows) > limit else None
    more = write_place(end["created_at"].isoformat(), end["id"]) if end else None
    return answer({"items": items, "next": more})


@router.post("/{webhook}/replay", status_code=202, response_model=Replaying, responses=_WRITE)
async def replay_deliveries(body: Replay, own: Own, who: Who, use: Use) -> Response:
    """Send once more: a delivery that was given up, or all of a room from a cursor on, in its order."""
    _count(use, who)
    if (body.delivery is None) == (body.cursor is None):
        raise Problem(ErrorCode.BAD_REQUEST, "give one of delivery and cursor")
    if body.delivery is not None:
        await _send_again(use, own, body.delivery)
    else:
        await _send_from(use, own, who.user_id, body.room or own["room_id"], body.cursor or "")
    return answer({"id": own["id"]}, status=202)


async def _send_again(use: Services, own: Row, delivery: str) -> None:
    params = {"webhook": own["id"], "delivery": delivery}
    if is_id(delivery) and await use.postgres.one(sql.DELIVERY_OF, params) is not None:
        row = await use.postgres.one(sql.SEND_AGAIN, params)
        if row and row["found"]:
            return
    told = "there is no such delivery that was given up; send from its cursor on instead"
    raise Problem(ErrorCode.NOT_FOUND, told)


async def _send_from(use: Services, own: Row, user: str, room: str, cursor: str) -> None:
    place = await managed_place(use, user, room)
    if own["room_id"] not in (room, place["workspace_id"]):
        raise Problem(ErrorCode.BAD_REQUEST, "room: none that this webhook sends events of")
    since = own_cursor(cursor, use.settings.epoch).offset
    first = place["joined_offset"] if place["history"] == "joined" and place["role"] else 0
    offset = max(since, first or 0, 0)
    if offset > place["last_offset"]:
        raise Problem(ErrorCode.BAD_REQUEST, "cursor: nothing of this room comes after it")
    params = {"webhook": own["id"], "room_id": room, "partition": place["partition"]}
    await use.postgres.run(sql.SEND_FROM, {**params, "offset": offset})


async def _require_address(use: Services, url: str) -> None:
    """Raise Problem (422) for an address that is not sent to, or that nobody finds."""
    try:
        named = parse(url, allow_http=use.settings.outbound_http == "on")
        await resolve(named, networks(use.settings.outbound_networks))
    except Forbidden as error:
        raise Problem(ErrorCode.BAD_REQUEST, str(error)) from None
    except Unresolved as error:
        raise Problem(ErrorCode.BAD_REQUEST, f"url: {error}; check its name") from None


def _require_types(types: list[str]) -> None:
    if unknown := [kind for kind in types if kind not in BODY_TYPES]:
        told = f"types: {unknown[0]!r} is none; choose of {', '.join(sorted(BODY_TYPES))}"
        raise Problem(ErrorCode.BAD_REQUEST, told)


def _count(use: Services, who: Who) -> None:
    if not who.is_bridge:
        use.limits.write(who.user_id)


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        raise Problem(ErrorCode.BAD_REQUEST, "before: not the `next` of a page") from None


def _webhook(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "room": row["room_id"],
        "url": row["url"],
        "types": row["types"],
        "bots": row["bots"],
        "state": "active" if row["paused_at"] is None else "paused",
        "reason": row["paused_why"],
        "created_by": row["created_by"],
        "created_at": iso(row["created_at"]),
        "waiting": row["waiting"],
        "behind": row["refilling"],
        "dead": row["dead"],
        "last_attempt_at": row["attempted_at"] and iso(row["attempted_at"]),
        "last_status": row["status"],
        "last_error": row["error"],
        "old_secret_until": row["old_until"] and iso(row["old_until"]),
    }


def _delivery(row: Row, epoch: int) -> dict[str, Any]:
    return {
        "id": row["id"],
        "room": row["room_id"],
        "cursor": str(Cursor(epoch, row["offset"])),
        "event": row["event_id"],
        "type": row["type"],
        "state": row["state"],
        "attempts": row["attempts"],
        "created_at": iso(row["created_at"]),
        "attempted_at": row["attempted_at"] and iso(row["attempted_at"]),
        "status": row["status"],
        "error": row["error"],
    }
