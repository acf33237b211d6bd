"""Previews of links: each page is fetched once at a time over all processes, and what came of it is kept.

Also that nothing came of it, for a while; and why not is told to nobody: that would be a way to look around inside.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO

import msgspec
from msgspec import Struct

from api.files.contents import Picture, TooManyPixels, picture_of, thumbnail_size
from api.files.store import Store, StoreAway, thumbnail_key
from api.previews.fetch import (
    IMAGE_BYTES,
    IMAGES,
    PAGE_BYTES,
    PAGES,
    Fetcher,
    NotFetched,
    named,
)
from api.previews.page import Page, page_of
from api.problems import Problem, unavailable
from api.valkey import Valkey
from roomlog.errors import ErrorCode
from roomlog.outbound import Forbidden, networks
from roomlog.settings import Settings

KEPT_S = 20 * 3600
"""Less than the time after which the file store lets go of what no file has: so the image is there as long."""
NOTHING_KEPT_S = 15 * 60
_CLAIM_S = 15
_WAIT_S, _POLL_S = 13.0, 0.1
_AT_ONCE = 8
_log = logging.getLogger(__name__)


class Image(Struct, frozen=True):
    """The thumbnail of a page's image: what it is kept under, and its size in pixels."""

    sha256: str
    width: int
    height: int


class Preview(Struct, frozen=True):
    """What is shown of a page."""

    title: str
    description: str
    site: str
    image: Image | None = None


_decoder: msgspec.json.Decoder[Preview | None] = msgspec.json.Decoder(Preview | None)


class Previews:
    """Finds previews, kept or fetched."""

    def __init__(self, valkey: Valkey, store: Store, settings: Settings) -> None:
        self._valkey, self._store = valkey, store
        self._is_on = settings.link_previews == "on"
        self._fetcher = Fetcher(networks(settings.link_preview_exceptions))
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="preview")

    def close(self) -> None:
        """Let the thread go."""
        self._reader.shutdown(wait=False, cancel_futures=True)

    async def find(self, url: str, count: Callable[[], Awaitable[None]]) -> Preview:
        """Return the preview of an address; raises Problem (404, 422, 503).

        `count` is called before anything is fetched, and may raise what forbids it.
        """
        if not self._is_on:
            raise no_preview()
        try:
            named(url)
        except Forbidden as error:
            raise Problem(ErrorCode.BAD_REQUEST, str(error)) from None
        key = f"roomlog:preview:{sha256(url.encode()).hexdigest()}"
        deadline = time.monotonic() + _WAIT_S
        while time.monotonic() < deadline:
            if (kept := await self._valkey.kept(key)) is not None:
                return _shown(_decoder.decode(kept))
            if await self._valkey.claim(f"{key}:claim", _CLAIM_S):
                return _shown(await self._fetched(url, key, count))
            await asyncio.sleep(_POLL_S)
        raise unavailable("the page")

    async def _fetched(
        self, url: str, key: str, count: Callable[[], Awaitable[None]]
    ) -> Preview | None:
        try:
            if (
                kept := await self._valkey.kept(key)
            ) is not None:  # by who had the claim just before
                return _decoder.decode(kept)
            await count()
            async with self._slots:
                found = await self._look(url)
            ttl = NOTHING_KEPT_S if found is None else KEPT_S
            await self._valkey.keep(key, msgspec.json.encode(found).decode(), ttl)
            return found
        finally:
            await self._valkey.give_up(f"{key}:claim")

    async def _look(self, url: str) -> Preview | None:
        try:
            fetched = await self._fetcher.fetch(url, PAGES, PAGE_BYTES)
        except NotFetched as error:
            _log.info("no preview of %r: %s", url[:200], error)
            return None
        loop = asyncio.get_running_loop()
        page = await loop.run_in_executor(self._reader, page_of, fetched)
        if page is None:
            return None
        return Preview(page.title, page.description, page.site, await self._image(page))

    async def _image(self, page: Page) -> Image | None:
        if not page.image:
            return None
        try:
            fetched = await self._fetcher.fetch(page.image, IMAGES, IMAGE_BYTES)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._reader, self._kept_image, fetched.data)
        except (NotFetched, TooManyPixels, StoreAway) as error:
            _log.info("no image of %r: %s", page.image[:200], error)
            return None

    def _kept_image(self, data: bytes) -> Image | None:
        picture: Picture | None = picture_of(BytesIO(data))
        if picture is None:
            return None
        # Not the hash of the bytes alone: by that one, thumbnails of people's files would be found here, too.
        digest = sha256(b"preview" + data).hexdigest()
        self._store.put(thumbnail_key(digest), BytesIO(picture.thumbnail))
        return Image(digest, *thumbnail_size(picture.width, picture.height))


def _shown(preview: Preview | None) -> Preview:
    if preview is None:
        raise no_preview()
    return preview


def no_preview() -> Problem:
    """Return the one answer for pages that cannot be fetched, must not be, or say nothing of themselves."""
    return Problem(ErrorCode.NOT_FOUND, "there is no preview of this address")
