"""A directory as file store: for one machine, or for several that share a file system."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from api.files.store import CHUNK_BYTES, Kept, NotStored, Reader, StoreAway

_UNFINISHED = "unfinished"


class DiskStore:
    """Blobs are files; one is written beside its place, synced, and then renamed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, source: BinaryIO) -> None:
        """Keep a blob; see `Store`."""
        path = self._root / key
        try:
            if path.exists():
                os.utime(path)
                return
            self._write(path, source)
        except OSError as error:
            raise StoreAway(f"{type(error).__name__}: {error}") from error

    def open(self, key: str, start: int, stop: int) -> Reader:
        """Return bytes of a blob; see `Store`."""
        try:
            file = (self._root / key).open("rb")
        except FileNotFoundError:
            raise NotStored(key) from None
        except OSError as error:
            raise StoreAway(f"{type(error).__name__}: {error}") from error
        file.seek(start)
        return _Part(file, stop - start)

    def remove(self, key: str, put_before: float) -> None:
        """Remove a blob; see `Store`."""
        path = self._root / key
        try:
            if path.stat().st_mtime < put_before:
                path.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreAway(f"{type(error).__name__}: {error}") from error

    def list(self) -> Iterator[Kept]:
        """Yield all blobs, and what a process that died has left unfinished; see `Store`."""
        for path in self._root.glob("*/*"):
            with suppress(FileNotFoundError):
                yield Kept(path.relative_to(self._root).as_posix(), path.stat().st_mtime)

    def _write(self, path: Path, source: BinaryIO) -> None:
        unfinished = self._root / _UNFINISHED / uuid4().hex
        for directory in (unfinished.parent, path.parent):
            directory.mkdir(parents=True, exist_ok=True)
        try:
            with unfinished.open("wb") as file:
                source.seek(0)
                shutil.copyfileobj(source, file, CHUNK_BYTES)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        directory_ = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory_)  # the name is as durable as the bytes
        finally:
            os.close(directory_)


class _Part:
    """The first bytes of what an open file has ahead."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int, /) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()
