"""From a request to a stored file: received, examined, kept, written to the log."""

import asyncio
import fnmatch
import unicodedata
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from time import time_ns
from typing import BinaryIO, NamedTuple

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from api.files.contents import Content, TooManyPixels, examine
from api.files.store import Store, StoreAway, content_key, thumbnail_key
from api.kafka import KafkaAway, UserEvents
from api.postgres import Postgres, Row
from api.problems import Problem, unavailable
from api.projected import behind
from api.sql import files as files_sql
from api.sql import servers as servers_sql
from roomlog.accounts import FileRemoved, FileStored, UserBody, UserEvent
from roomlog.errors import ErrorCode
from roomlog.ids import derived_id
from roomlog.settings import Settings

PART = "file"
_AROUND_BYTES = 16 * 1024
"""What a multipart body has beside the file."""
_NAME_CHARS = 200
_AT_ONCE = 4
"""Uploads of one user in one process."""
_EXAMINERS = 1
"""An image may take 200 MB to unpack."""
_WAIT_S, _POLL_S = 2.0, 0.025
# They would show another name than the one that is saved.
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


class Received(NamedTuple):
    """A file that has come in, spooled to disk if it is large."""

    name: str
    file: BinaryIO


async def receive(request: Request, limit: int) -> Received:
    """Return the file of a multipart body; raises Problem (400, 413, 415, 422).

    Never more than a megabyte of it is in memory.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        told = f"send multipart/form-data, with the file as its part `{PART}`"
        raise Problem(ErrorCode.UNSUPPORTED_TYPE, told)
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > limit + _AROUND_BYTES:
        raise _too_large(limit)
    body = _bounded(request.stream(), limit)
    try:
        form = await MultiPartParser(request.headers, body, max_files=1, max_fields=8).parse()
    except ClientDisconnect:
        raise _unreadable("it ended early") from None
    except (MultiPartException, ValueError, KeyError) as error:
        raise _unreadable(getattr(error, "message", str(error))) from None
    found = form.get(PART)
    if not isinstance(found, UploadFile):
        raise Problem(ErrorCode.BAD_REQUEST, f"{PART}: missing; it is the part with the file")
    if not found.size:
        raise Problem(ErrorCode.BAD_REQUEST, f"{PART}: it is empty")
    if found.size > limit:
        raise _too_large(limit)
    return Received(file_name(found.filename or ""), found.file)


async def _bounded(stream: AsyncGenerator[bytes, None], limit: int) -> AsyncGenerator[bytes, None]:
    seen = 0
    async for chunk in stream:
        seen += len(chunk)
        if seen > limit + _AROUND_BYTES:
            raise _too_large(limit)
        yield chunk


def file_name(given: str) -> str:
    """Return a name as it may be shown and saved under: no path, one line, nothing that hides."""
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    name = "".join(c for c in name if unicodedata.category(c) not in _HIDDEN).strip(" .")
    if len(name) <= _NAME_CHARS:
        return name or "file"
    stem, dot, ending = name.rpartition(".")
    ending = f"{dot}{ending}" if stem and len(ending) <= 16 else ""
    return name[: _NAME_CHARS - len(ending)] + ending


class Uploads:
    """Takes files in. One at a time is examined, so that no crowd of images takes all memory."""

    def __init__(
        self, store: Store, postgres: Postgres, events: UserEvents, settings: Settings
    ) -> None:
        self._store, self._postgres, self._events = store, postgres, events
        self._limit, self._quota = settings.file_bytes, settings.file_quota_bytes
        self._refused = [t.strip() for t in settings.refused_file_types.split(",") if t.strip()]
        self._examiner = ThreadPoolExecutor(_EXAMINERS, thread_name_prefix="examine")
        self._counting: dict[str, asyncio.Lock] = {}
        self._running: Counter[str] = Counter()

    def close(self) -> None:
        """Let the thread go."""
        self._examiner.shutdown(wait=False, cancel_futures=True)

    async def take(self, request: Request, user: str, key: str) -> Row:
        """Take a file in and return its row; raises Problem.

        The same user and key lead to the same file, however often they come.
        """
        file_id = derived_id("file", user, key)
        with self._one_more(user):
            received = await receive(request, self._limit)
            with received.file:
                content = await self._examined(received.file)
                if (row := await self._row(file_id)) is not None:
                    return _repeated(row, content)
                async with self._alone(user):
                    await self._require_room(user, content.size_bytes)
                    await self._keep(received.file, content)
                    await self._publish(user, file_id, _stored(file_id, received.name, content))
                    return await self._projected(file_id)

    async def _examined(self, file: BinaryIO) -> Content:
        loop = asyncio.get_running_loop()
        try:
            content = await loop.run_in_executor(self._examiner, examine, file)
        except TooManyPixels as error:
            told = f"the image has too many pixels ({error}); make it smaller"
            raise Problem(ErrorCode.TOO_LARGE, told) from None
        if any(fnmatch.fnmatchcase(content.media_type, refused) for refused in self._refused):
            told = f"files of type {content.media_type} are not taken here"
            raise Problem(ErrorCode.UNSUPPORTED_TYPE, told)
        return content

    async def _require_room(self, user: str, size: int) -> None:
        row = await self._postgres.one(files_sql.FILES_SIZE, {"user_id": user})
        used = int(row["used"]) if row else 0
        if used + size > self._quota:
            told = (
                f"your files have {_megabytes(used)} of {_megabytes(self._quota)}; this one has "
                f"{_megabytes(size)}: delete messages with files that nobody needs any more"
            )
            raise Problem(ErrorCode.QUOTA_EXCEEDED, told)

    async def _keep(self, file: BinaryIO, content: Content) -> None:
        def keep() -> None:
            if content.picture is not None:
                self._store.put(thumbnail_key(content.sha256), BytesIO(content.picture.thumbnail))
            self._store.put(content_key(content.sha256), file)

        try:
            await asyncio.to_thread(keep)
        except StoreAway as error:
            raise unavailable("the file store") from error

    async def remove(self, user: str, file_id: str) -> None:
        """Remove a file for good; raises Problem (503)."""
        await publish_removal(self._events, user, file_id)

    async def _publish(self, user: str, file_id: str, body: FileStored) -> None:
        await _publish(self._events, user, derived_id("stored", file_id), body)

    async def _projected(self, file_id: str) -> Row:
        """Return the row once it is there: whoever has the answer may attach the file."""
        await self._postgres.run(servers_sql.WANTED)
        for _ in range(round(_WAIT_S / _POLL_S)):
            if (row := await self._row(file_id)) is not None:
                return row
            await asyncio.sleep(_POLL_S)
        raise behind()

    async def _row(self, file_id: str) -> Row | None:
        return await self._postgres.one(files_sql.OWN_FILE, {"id": file_id})

    @contextmanager
    def _one_more(self, user: str) -> Iterator[None]:
        if self._running[user] >= _AT_ONCE:
            told = f"at most {_AT_ONCE} uploads at a time; wait for one to end"
            raise Problem(ErrorCode.RATE_LIMITED, told, retry_after_s=1)
        self._running[user] += 1
        try:
            yield
        finally:
            self._running[user] -= 1
            if not self._running[user]:
                del self._running[user]
                self._counting.pop(user, None)

    def _alone(self, user: str) -> asyncio.Lock:
        """Return what keeps a user's uploads of this process from passing the quota side by side."""
        return self._counting.setdefault(user, asyncio.Lock())


async def publish_removal(events: UserEvents, owner: str, file_id: str) -> None:
    """Say that a file is gone; again, it changes nothing. Raises Problem (503)."""
    await _publish(events, owner, derived_id("removed", file_id), FileRemoved(file_id))


async def _publish(events: UserEvents, user: str, event_id: str, body: UserBody) -> None:
    try:
        await events.publish([UserEvent(event_id, user, time_ns() // 1_000, body)])
    except KafkaAway as error:
        raise unavailable("the log") from error


def _stored(file_id: str, name: str, content: Content) -> FileStored:
    picture = content.picture
    width, height = (picture.width, picture.height) if picture else (0, 0)
    return FileStored(
        file_id, content.sha256, name, content.media_type, content.size_bytes, width, height
    )


def _repeated(row: Row, content: Content) -> Row:
    if row["sha256"] != content.sha256:
        told = "Idempotency-Key: another file was stored under it; choose a new key"
        raise Problem(ErrorCode.KEY_REUSED, told)
    return row


def _too_large(limit: int) -> Problem:
    return Problem(ErrorCode.TOO_LARGE, f"a file has at most {_megabytes(limit)}")


def _unreadable(why: str) -> Problem:
    return Problem(ErrorCode.BAD_REQUEST, f"the body cannot be read: {why}", status=400)


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size < 10_000_000 else f"{size // 1_000_000} MB"
