"""Full-text search."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator

from api.answers import answer
from api.guards import Who
from api.models.search import FoundMessages
from api.openapi import errors
from api.picks import Picked
from api.reads import AfterHeader, AfterQuery, read_after, wanted_in
from api.search import Asked, search
from api.search_query import MAX_CHARS, Filter, FilterName
from api.services import Use
from api.sql import servers as sql
from api.strict import StrictRoute, storable

router = APIRouter(tags=["search"], route_class=StrictRoute)
Text = AfterValidator(storable)


@router.get(
    "/search",
    response_model=FoundMessages,
    responses=errors(401, 403, 404, 422, 503, 504),
)
async def search_messages(
    who: Who,
    use: Use,
    pick: Picked,
    q: Annotated[
        str,
        Query(
            max_length=MAX_CHARS,
            description='words, all of which must be there; "words in a row", beginnings*, -without, one OR '
            "another; from:NAME, in:ROOM, has:link, has:file, since:, until:, before:, after:, on:2026-01-31",
            examples=['deploy* "went wrong" -test from:ada since:2026-01'],
        ),
        Text,
    ] = "",
    room: Annotated[
        str, Query(max_length=100, description="only in this room, an id or a name"), Text
    ] = "",
    sender: Annotated[
        str,
        Query(
            alias="from", max_length=200, description="only from this person: an id, a name, or me"
        ),
        Text,
    ] = "",
    since: Annotated[
        str, Query(max_length=40, description="a time or a day (UTC): then or later"), Text
    ] = "",
    until: Annotated[
        str,
        Query(max_length=40, description="a time: before; or a day (UTC): that day or before"),
        Text,
    ] = "",
    has: Annotated[str, Query(max_length=20, description="link or file"), Text] = "",
    sort: Annotated[
        Literal["newest", "relevance"],
        Query(description="relevance: the best of the newest 300 that are found come first"),
    ] = "newest",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[
        str | None, Query(max_length=600, description="`next` of the page before")
    ] = None,
    after_cursor: AfterQuery = None,
    roomlog_after: AfterHeader = None,
) -> Response:
    """Find messages in the rooms that one is a member of (of the workspace that is picked), the newest first.

    Messages of the last moments may not be found yet: `after_cursor`, together with `room`, waits for them.
    """
    if place := wanted_in(room, after_cursor or roomlog_after, use.settings.epoch):
        await read_after(use, *place, sql.INDEXED)
    else:
        use.postgres.prefer_replica()
    given: tuple[tuple[FilterName, str], ...]
    given = ("from", sender), ("since", since), ("until", until), ("has", has)
    filters = tuple(Filter(name, value.strip()) for name, value in given if value.strip())
    asked = Asked(q, room.strip(), filters, sort == "relevance", after or "", limit, pick)
    found, up_to = await search(use, who.user_id, asked, datetime.now(UTC))
    return answer(found, up_to)
