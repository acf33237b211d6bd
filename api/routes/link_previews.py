"""What links lead to, for those who are shown them."""

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator

from api.answers import answer
from api.files.contents import THUMBNAIL_TYPE
from api.files.serving import no_such_file, serve_thumbnail
from api.files.store import thumbnail_key
from api.guards import Who
from api.limits import PREVIEWS
from api.models.files import LinkPreview
from api.openapi import blobs, errors
from api.services import Use
from api.strict import storable
from api.telemetry import V1
from roomlog.outbound import MAX_URL_CHARS

_PATH = "/link-previews"
_SHA256 = re.compile(r"[0-9a-f]{64}")
router = APIRouter(prefix=_PATH, tags=["files"])


@router.get("", response_model=LinkPreview, responses=errors(401, 404, 422, 429, 503))
async def get_link_preview(
    who: Who,
    use: Use,
    url: Annotated[
        str,
        AfterValidator(storable),
        Query(min_length=1, max_length=MAX_URL_CHARS, examples=["https://example.org/menu"]),
    ],
) -> Response:
    """Return what a page says of itself; 404 where it cannot be fetched or says nothing.

    Only public addresses are fetched, once for everybody, and the answer is kept for some hours.
    """
    preview = await use.previews.find(url, lambda: use.limits.count(PREVIEWS, who.user_id))
    image = preview.image
    shown = image and {
        "url": f"{V1}{_PATH}/images/{image.sha256}",
        "width": image.width,
        "height": image.height,
    }
    body = {
        "url": url,
        "title": preview.title,
        "description": preview.description,
        "site": preview.site,
        "image": shown,
    }
    return answer(body)


@router.get(
    "/images/{sha256}",
    response_class=Response,
    responses=blobs(THUMBNAIL_TYPE) | errors(401, 403, 404, 503),
)
async def get_preview_image(sha256: str, request: Request, who: Who, use: Use) -> Response:
    """Return the image of a preview, as the thumbnail that was made of it."""
    if not _SHA256.fullmatch(sha256):
        raise no_such_file()
    return await serve_thumbnail(request, use.store, thumbnail_key(sha256))
