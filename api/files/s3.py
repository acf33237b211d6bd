"""An S3-compatible object store as file store."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qs, urlsplit

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from api.files.store import Kept, NotStored, Reader, StoreAway

_PART_BYTES = 8 * 1024 * 1024
_MISSING = {"404", "NoSuchKey", "NotFound"}


class S3Store:
    """Blobs are objects of a bucket, below a prefix. Credentials come as AWS tools find them.

    `url` is s3://BUCKET/PREFIX, with `?endpoint=URL` for another service than AWS, and `&region=NAME`.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        more = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if not parts.netloc or more.keys() - {"endpoint", "region"}:
            raise ValueError(f"ROOMLOG_FILES: {url}: not s3://BUCKET/PREFIX?endpoint=URL&region=R")
        prefix = parts.path.strip("/")
        self._bucket, self._prefix = parts.netloc, f"{prefix}/" if prefix else ""
        self._client = boto3.client(
            "s3",
            endpoint_url=more.get("endpoint"),
            region_name=more.get("region"),
            config=Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard"}),
        )
        # Parts go out one after the other: a thread of ours is one connection.
        self._transfer = TransferConfig(
            multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES, use_threads=False
        )

    def put(self, key: str, source: BinaryIO) -> None:
        """Keep a blob; see `Store`."""
        with _errors(key):
            if self._put_at(key) is not None:
                self._touch(key)
                return
            source.seek(0)
            kept = cast(BinaryIO, _Unclosed(source))
            self._client.upload_fileobj(kept, **self._object(key), Config=self._transfer)

    def open(self, key: str, start: int, stop: int) -> Reader:
        """Return bytes of a blob; see `Store`."""
        wanted = {"Range": f"bytes={start}-{stop - 1}"} if stop > start else {}
        with _errors(key):
            answer = self._client.get_object(**self._object(key), **wanted)
        return _Body(key, answer["Body"])

    def remove(self, key: str, put_before: float) -> None:
        """Remove a blob; see `Store`."""
        with _errors(key):
            at = self._put_at(key)
            if at is not None and at < put_before:
                self._client.delete_object(**self._object(key))

    def list(self) -> Iterator[Kept]:
        """Yield all blobs; see `Store`."""
        pages = self._client.get_paginator("list_objects_v2")
        with _errors(self._prefix):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for found in page.get("Contents", ()):
                    key = found["Key"].removeprefix(self._prefix)
                    yield Kept(key, found["LastModified"].timestamp())

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + key}

    def _put_at(self, key: str) -> float | None:
        try:
            found = self._client.head_object(**self._object(key))
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise
        return float(found["LastModified"].timestamp())

    def _touch(self, key: str) -> None:
        """Copy an object onto itself, which gives it today's date."""
        place = self._object(key)
        self._client.copy(dict(place), **place, ExtraArgs={"MetadataDirective": "REPLACE"})


class _Unclosed:
    """A file that stays open when the one who uploads it is done."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def close(self) -> None:
        pass


class _Body:
    """The bytes of an answer."""

    def __init__(self, key: str, body: Any) -> None:
        self._key, self._body = key, body

    def read(self, size: int, /) -> bytes:
        with _errors(self._key):
            return bytes(self._body.read(size))

    def close(self) -> None:
        self._body.close()


@contextmanager
def _errors(key: str) -> Iterator[None]:
    """Raise what the errors of the library mean: NotStored or StoreAway."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            raise NotStored(key) from None
        raise StoreAway(str(error)) from error
    except (BotoCoreError, OSError) as error:
        raise StoreAway(f"{type(error).__name__}: {error}") from error
