"""Files: upload, download, links, and those of a room."""

import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.answers import answer, iso
from api.files.contents import INLINE, THUMBNAIL_TYPE, UNKNOWN
from api.files.serving import Served, no_such_file, serve, serve_thumbnail
from api.files.store import content_key, thumbnail_key
from api.files.upload import PART
from api.guards import FileReader, Who
from api.messages import Json, user
from api.models.files import Attachment, FileLink, RoomFiles
from api.openapi import blobs, errors
from api.paging import read_place, write_place
from api.postgres import Row
from api.problems import Problem
from api.projected import look_again
from api.reads import OwnRoom
from api.services import Services, Use
from api.sql import files as sql
from api.strict import UPLOADS
from api.writes import IdempotencyKey
from roomlog.cursors import Cursor
from roomlog.errors import ErrorCode
from roomlog.ids import is_id, new_id
from roomlog.tokens import FILE_TTL_S

_LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
_LAST_OFFSET = 2**63 - 1
_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [PART],
                "properties": {PART: {"type": "string", "format": "binary"}},
            }
        }
    },
}


router = APIRouter(tags=["files"])


@router.post(
    "/files",
    status_code=201,
    response_model=Attachment,
    responses=errors(400, 401, 403, 409, 413, 415, 422, 429, 503, 504),
    openapi_extra={"requestBody": _BODY},
)
async def upload_file(request: Request, who: Who, use: Use, key: IdempotencyKey = None) -> Response:
    """Store a file, as the part `file` of a multipart body. Whoever stored it may attach it to messages.

    The type is found by content. A file that no message has after a day is removed.
    """
    use.limits.write(who.user_id)
    row = await use.uploads.take(request, who.user_id, key or new_id())
    return answer(_file(row), status=201)


@router.get(
    "/files/{file_id}",
    response_class=Response,
    responses=blobs(UNKNOWN, *sorted(INLINE))
    | {206: {"description": "The range that was asked for"}}
    | errors(401, 403, 404, 416, 503),
)
async def get_file(
    file_id: str,
    request: Request,
    who: FileReader,
    use: Use,
    download: Annotated[
        bool, Query(description="always to be saved, never shown in place")
    ] = False,
) -> Response:
    """Return the bytes of a file that a message has which one may read; takes `Range` and `If-None-Match`.

    Images, audio and video may be shown in place; everything else is to be saved.
    """
    row = await _readable(use, file_id, who.user_id)
    key, size = content_key(row["sha256"]), row["size_bytes"]
    served = Served(key, size, row["media_type"], row["name"], download)
    return await serve(request, use.store, served)


@router.get(
    "/files/{file_id}/thumbnail",
    response_class=Response,
    responses=blobs(THUMBNAIL_TYPE) | errors(401, 403, 404, 503),
)
async def get_thumbnail(file_id: str, request: Request, who: FileReader, use: Use) -> Response:
    """Return a small image (WebP, 720 pixels at most) in place of a large one, without what a camera notes."""
    row = await _readable(use, file_id, who.user_id)
    if not row["width"]:
        raise no_such_file()
    return await serve_thumbnail(request, use.store, thumbnail_key(row["sha256"]))


@router.get("/files/{file_id}/link", response_model=FileLink, responses=errors(401, 403, 404, 503))
async def get_link(file_id: str, who: Who, use: Use) -> Response:
    """Return addresses that need no sign-in, for whatever cannot send one: good for five minutes.

    They stop at once when the user may not read the file any more.
    """
    row = await _readable(use, file_id, who.user_id)
    now = time.time()
    token = use.signer.file_token(who.user_id, who.session_id, file_id, now)
    path = f"{UPLOADS}/{file_id}"
    return answer(
        {
            "url": f"{path}?token={token}",
            "thumbnail_url": f"{path}/thumbnail?token={token}" if row["width"] else None,
            "expires_at": iso(datetime.fromtimestamp(int(now) + FILE_TTL_S, UTC)),
        }
    )


@router.delete("/files/{file_id}", status_code=204, responses=errors(401, 403, 404, 503))
async def remove_file(file_id: str, who: Who, use: Use) -> Response:
    """Remove a file of one's own that no message has had; one that is attached goes with its message."""
    row = await _readable(use, file_id, who.user_id)
    if row["owner_id"] != who.user_id:
        raise Problem(ErrorCode.FORBIDDEN, "only its owner may remove it")
    attached = await use.postgres.one(sql.FILE_IS_ATTACHED, {"id": file_id})
    if attached is None or attached["is_attached"]:
        raise Problem(ErrorCode.FORBIDDEN, "a message has it; delete the message instead")
    if attached["is_scheduled"]:
        raise Problem(ErrorCode.FORBIDDEN, "a scheduled message has it; cancel that instead")
    await use.uploads.remove(who.user_id, file_id)
    return Response(status_code=204)


@router.get(
    "/rooms/{room_id}/files",
    response_model=RoomFiles,
    responses=errors(401, 403, 404, 422, 503, 504),
)
async def list_room_files(
    view: OwnRoom,
    use: Use,
    before: Annotated[
        str | None, Query(max_length=600, description="`next` of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Response:
    """Return the files of a room, those of the newest messages first."""
    offset, file_id = _place(before)
    params = {"room_id": view.id, "offset": offset, "file_id": file_id, "limit": limit + 1}
    rows = await use.postgres.all(sql.FILES_OF_ROOM, params)
    more, rows = len(rows) > limit, rows[:limit]
    body = {
        "items": [_in_room(row, use.settings.epoch) for row in rows],
        "users": {r["sender_id"]: user(r["sender_id"], r["sender_name"]) for r in rows},
        "next": write_place(str(rows[-1]["offset"]), rows[-1]["id"]) if more else None,
        "cursor": view.cursor,
    }
    return answer(body, view.cursor)


async def _readable(use: Services, file_id: str, user_id: str) -> Row:
    if not is_id(file_id):
        raise no_such_file()
    wanted = {"id": file_id, "user_id": user_id}
    row = await look_again(
        use.postgres,
        lambda: use.postgres.one(sql.READABLE_FILE, wanted),
        lambda row: row is not None,
    )
    if row is None:
        raise no_such_file()
    return row


def _place(before: str | None) -> tuple[int, str]:
    if before is None:
        return _LAST_OFFSET, _LAST_ID
    offset, file_id = read_place(before)
    if not offset.isdigit() or int(offset) > _LAST_OFFSET or not is_id(file_id):
        raise Problem(ErrorCode.BAD_REQUEST, "before: not the `next` of a page")
    return int(offset), file_id


def _file(row: Row) -> Json:
    return {
        "file_id": row["id"],
        "name": row["name"],
        "media_type": row["media_type"],
        "size_bytes": row["size_bytes"],
        "width": row["width"],
        "height": row["height"],
    }


def _in_room(row: Row, epoch: int) -> Json:
    return {
        **_file(row),
        "message": row["event_id"],
        "cursor": str(Cursor(epoch, row["offset"])),
        "sender": row["sender_id"],
        "ts": iso(row["sent_at"]),
    }
