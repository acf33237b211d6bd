"""Messages: history, single ones, threads, posting."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import answer
from api.bodies import NewMessage
from api.guards import Who
from api.history import History, no_such_message
from api.messages import Json
from api.models.messages import (
    MessageList,
    MessageWithUsers,
    PostedMessage,
    ScheduledMessage,
    ThreadAnswer,
)
from api.openapi import errors
from api.postgres import Row
from api.problems import Problem
from api.projected import WAIT_S, behind, look_again
from api.reads import (
    AfterHeader,
    AfterQuery,
    OwnRoom,
    RoomId,
    RoomView,
    no_such_room,
    own_cursor,
    read_after,
    require_member,
    view_room,
    wait_for,
    wanted_cursor,
)
from api.routes.scheduled import schedule_message
from api.services import Use
from api.sql import messages as sql
from api.strict import StrictRoute
from api.writes import IdempotencyKey, write
from roomlog.errors import ErrorCode
from roomlog.ids import is_id, new_id

router = APIRouter(tags=["messages"], route_class=StrictRoute)
CursorQuery = Annotated[str | None, Query(max_length=40, examples=["1:48213"])]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get(
    "/rooms/{room_id}/messages",
    response_model=MessageList,
    response_model_exclude_unset=True,
    responses=errors(401, 403, 404, 422, 503, 504),
)
async def list_messages(
    view: OwnRoom,
    use: Use,
    before: CursorQuery = None,
    after: CursorQuery = None,
    around: CursorQuery = None,
    at: Annotated[datetime | None, Query(description="a time: messages from then on")] = None,
    page: Annotated[
        int | None, Query(ge=1, le=10**9, description="from 1, which holds the oldest messages")
    ] = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of messages in log order: the newest, or by exactly one of the other parameters."""
    given = [p for p in (before, after, around, at, page) if p is not None]
    if len(given) > 1:
        raise Problem(ErrorCode.BAD_REQUEST, "give one of before, after, around, at and page")
    history, epoch = History(use, view), use.settings.epoch
    if page is not None:
        found = await history.numbered(page, limit)
    elif after is not None:
        found = await history.after(own_cursor(after, epoch).offset, limit)
    elif around is not None:
        found = await history.around(own_cursor(around, epoch).offset, limit)
    elif at is not None:
        found = await history.at(at if at.tzinfo else at.replace(tzinfo=UTC), limit)
    else:
        offset = own_cursor(before, epoch).offset if before is not None else None
        found = await history.before(offset, limit)
    return answer(found, view.cursor)


@router.post(
    "/rooms/{room_id}/messages",
    status_code=201,
    response_model=PostedMessage,
    responses=errors(401, 403, 404, 409, 413, 422, 429, 503, 504)
    | {202: {"model": ScheduledMessage, "description": "It will be posted at `send_at`"}},
)
async def post_message(
    room_id: RoomId,
    body: NewMessage,
    who: Who,
    use: Use,
    key: IdempotencyKey = None,
    after_cursor: AfterQuery = None,
    roomlog_after: AfterHeader = None,
) -> Response:
    """Post a message; the same event as over a WebSocket. With `send_at`, post it then.

    Only for `send_at` is the membership read from the read model, and `after_cursor` of any use.
    """
    if not is_id(room_id):
        raise no_such_room()
    key = key or new_id()
    if body.send_at is not None:
        after = wanted_cursor(after_cursor or roomlog_after, use.settings.epoch)
        await wait_for(use, room_id, after)
        return await schedule_message(use, who, room_id, body, body.send_at, key)
    command: Json = {"op": "send", "room": room_id, "text": body.text, "mentions": body.mentions}
    if body.attachments:
        command["attachments"] = [file.model_dump() for file in body.attachments]
    if body.reply_to is not None:
        command["reply_to"] = body.reply_to
    ack = await write(use, who, key, command)
    posted = {"id": ack.event, "room": room_id, "cursor": ack.cursor, "key": key}
    return answer(posted, ack.cursor, status=201)


@router.get(
    "/messages/{event_id}",
    response_model=MessageWithUsers,
    responses=errors(401, 403, 404, 422, 503, 504),
)
async def get_message(
    event_id: str,
    who: Who,
    use: Use,
    after_cursor: AfterQuery = None,
    roomlog_after: AfterHeader = None,
) -> Response:
    """Return a message of a room that one is a member of."""
    view = await _room_of(use, who, event_id, after_cursor or roomlog_after)
    return answer(await History(use, view).one(event_id), view.cursor)


@router.get(
    "/messages/{event_id}/thread",
    response_model=ThreadAnswer,
    responses=errors(401, 403, 404, 422, 503, 504),
)
async def get_thread(
    event_id: str,
    who: Who,
    use: Use,
    after: CursorQuery = None,
    limit: Limit = 100,
    after_cursor: AfterQuery = None,
    roomlog_after: AfterHeader = None,
) -> Response:
    """Return the thread that a message belongs to: its first message, and the answers in log order."""
    view = await _room_of(use, who, event_id, after_cursor or roomlog_after)
    offset = own_cursor(after, use.settings.epoch).offset if after is not None else -1
    return answer(await History(use, view).thread(event_id, offset, limit), view.cursor)


async def _room_of(use: Use, who: Who, event_id: str, after: str | None) -> RoomView:
    wanted = wanted_cursor(after, use.settings.epoch)
    if wanted is None:
        use.postgres.prefer_replica()
    room_id = await _find(use, event_id, wait=wanted is not None) if is_id(event_id) else None
    if room_id is None:
        raise no_such_message()
    if wanted is not None:
        await read_after(use, room_id, wanted)
    try:
        view = await view_room(use, room_id, who.user_id)
    except Problem as problem:
        raise no_such_message() if problem.code is ErrorCode.NO_SUCH_ROOM else problem from None
    require_member(view)
    return view


async def _find(use: Use, event_id: str, wait: bool) -> str | None:
    """Return the room of a message. A cursor alone does not name the partition to wait for: wait for the row."""

    async def look() -> Row | None:
        return await use.postgres.one(sql.ROOM_OF_MESSAGE, {"event_id": event_id})

    if wait:
        row = await look_again(use.postgres, look, bool, WAIT_S)
        if row is None:
            raise behind()
    else:
        row = await look()
        if row is None and use.postgres.prefer_primary("not there"):
            row = await look()
    return None if row is None else str(row["room_id"])
