"""Where the bytes of files are: one blob for each content, under its key.

Everything here blocks: whoever has an event loop calls it in a thread.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from roomlog.settings import Settings

CHUNK_BYTES = 256 * 1024


class NotStored(LookupError):
    """There is no blob under this key."""


class StoreAway(RuntimeError):
    """The store cannot be reached, or refuses; the same may be tried again."""


class Reader(Protocol):
    """Bytes to be read once, from the front."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes, b"" at the end."""

    def close(self) -> None:
        """Let go of it."""


class Kept(NamedTuple):
    """A blob, and when it was last put there, in seconds since 1970."""

    key: str
    at: float


class Store(Protocol):
    """Blobs by key. Its methods raise StoreAway."""

    def put(self, key: str, source: BinaryIO) -> None:
        """Keep what `source` has from its start to its end, whole or not at all.

        A key stands for one content: what is there already stays, and counts as put there now.
        """

    def open(self, key: str, start: int, stop: int) -> Reader:
        """Return the bytes from `start` up to `stop` or the blob's end; raises NotStored."""

    def remove(self, key: str, put_before: float) -> None:
        """Remove a blob, unless it is not there or was put there since then."""

    def list(self) -> Iterator[Kept]:
        """Yield all blobs."""


def store_of(settings: Settings) -> Store:
    """Return the store that the settings name; raises ValueError for one that cannot be."""
    from api.files.disk import DiskStore

    where = settings.files
    if where.startswith("s3:"):
        from api.files.s3 import S3Store

        return S3Store(where)
    if "://" in where:
        raise ValueError(f"ROOMLOG_FILES: {where}: neither a directory nor s3://BUCKET/PREFIX")
    return DiskStore(Path(where) if where else settings.data / "files")


def load(store: Store, key: str, most: int) -> bytes:
    """Return a small blob as a whole, at most so many bytes of it; raises NotStored or StoreAway."""
    source, found = store.open(key, 0, most), b""
    try:
        while data := source.read(CHUNK_BYTES):
            found += data
    finally:
        source.close()
    return found


def content_key(sha256: str) -> str:
    """Return the key of a content."""
    return f"{sha256[:2]}/{sha256}"


def thumbnail_key(sha256: str) -> str:
    """Return the key of the small image that was made of a content."""
    return f"{content_key(sha256)}.webp"


def content_of(key: str) -> str:
    """Return the SHA-256 that a key is about."""
    return key.rpartition("/")[2].partition(".")[0]
