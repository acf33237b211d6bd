"""Bytes on their way out: which part of a file, under which headers."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.files.contents import INLINE, THUMBNAIL_TYPE, UNKNOWN
from api.files.store import CHUNK_BYTES, NotStored, Reader, Store, StoreAway, load
from api.problems import Problem, unavailable
from roomlog.errors import ErrorCode

_MAX_THUMBNAIL_BYTES = 4 * 1024 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# Whatever it is, it is no page: it runs nothing, fetches nothing, and has no origin.
_HEADERS = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Served(NamedTuple):
    """A blob to serve: its key, its size, and what it is to whoever gets it."""

    key: str
    size: int
    media_type: str
    name: str
    download: bool


class Span(NamedTuple):
    """Bytes from `start` up to `stop`."""

    start: int
    stop: int


def span_of(header: str | None, size: int) -> Span | None:
    """Return which bytes a Range header asks for, None for all of them (RFC 9110, section 14).

    Several ranges at once, and what is no range, count for nothing. Raises Problem (416).
    """
    match = _RANGE.fullmatch((header or "").replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
    if last and first and int(last) < int(first):
        return None
    if start >= size or start >= stop:
        headers = {"Content-Range": f"bytes */{size}"}
        told = f"the file has {size} bytes"
        raise Problem(ErrorCode.BAD_REQUEST, told, status=416, headers=headers)
    return Span(start, stop)


def disposition(name: str, media_type: str, download: bool) -> str:
    """Return the header Content-Disposition: shown in place only where nothing could run."""
    kind = "inline" if media_type in INLINE and not download else "attachment"
    plain = re.sub(r"[^ !#-\[\]-~]", "_", name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def serve(request: Request, store: Store, served: Served) -> Response:
    """Return a blob, or the part of it that is asked for; raises Problem (404, 416, 503)."""
    media_type = served.media_type if served.media_type in INLINE else UNKNOWN
    shown = disposition(served.name, served.media_type, served.download)
    tag = _tag(served.key)
    headers = {**_HEADERS, "ETag": tag, "Content-Disposition": shown}
    if _has(request, tag):
        return Response(status_code=304, headers=headers)
    is_same = request.headers.get("if-range", tag) == tag
    wanted = span_of(request.headers.get("range") if is_same else None, served.size)
    span = wanted or Span(0, served.size)
    source = await _opened(store, served.key, span)
    headers["Content-Length"] = str(span.stop - span.start)
    if wanted:
        headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{served.size}"
    status = 206 if wanted else 200
    return StreamingResponse(_chunks(source), status, headers, media_type)


async def serve_thumbnail(request: Request, store: Store, key: str) -> Response:
    """Return a thumbnail; raises Problem (404, 503)."""
    headers = {**_HEADERS, "ETag": _tag(key), "Content-Disposition": "inline"}
    if _has(request, _tag(key)):
        return Response(status_code=304, headers=headers)
    with _store_problems():
        data = await asyncio.to_thread(load, store, key, _MAX_THUMBNAIL_BYTES)
    return Response(data, headers=headers, media_type=THUMBNAIL_TYPE)


def _tag(key: str) -> str:
    """Return the entity tag: a key stands for one content."""
    return f'"{key}"'


def _has(request: Request, tag: str) -> bool:
    given = request.headers.get("if-none-match", "").split(",")
    return tag in (one.strip().removeprefix("W/") for one in given)


async def _opened(store: Store, key: str, span: Span) -> Reader:
    with _store_problems():
        return await asyncio.to_thread(store.open, key, *span)


@contextmanager
def _store_problems() -> Iterator[None]:
    try:
        yield
    except NotStored:
        raise no_such_file() from None
    except StoreAway as error:
        raise unavailable("the file store") from error


async def _chunks(source: Reader) -> AsyncIterator[bytes]:
    try:
        while data := await asyncio.to_thread(source.read, CHUNK_BYTES):
            yield data
    finally:
        source.close()


def no_such_file() -> Problem:
    """Return the one answer for files that are not there and files that one may not know of."""
    return Problem(ErrorCode.NOT_FOUND, "there is no such file")
