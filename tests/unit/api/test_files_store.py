"""What every file store does: a directory, and an S3 server."""

import io
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from api.files.disk import DiskStore
from api.files.s3 import S3Store
from api.files.store import NotStored, Store, StoreAway, load, store_of
from roomlog.settings import Settings

SHA = "ab" + "0" * 62
KEY = f"ab/{SHA}"
LATER = time.time() + 3600


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 server of its own."""
    server_of_moto = pytest.importorskip("moto.server")
    server = server_of_moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["disk", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "disk":
        return DiskStore(tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    endpoint = request.getfixturevalue("s3")
    bucket = f"b{time.time_ns()}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket=bucket)
    return S3Store(f"s3://{bucket}/some/prefix?endpoint={endpoint}&region=us-east-1")


def test_what_is_put_is_there(store: Store) -> None:
    source = io.BytesIO(b"0123456789")
    source.read(3)
    store.put(KEY, source)
    assert load(store, KEY, 100) == b"0123456789"
    assert load(store, KEY, 4) == b"0123"
    part = store.open(KEY, 2, 5)
    assert part.read(2) + part.read(9) + part.read(9) == b"234"
    part.close()
    assert not source.closed
    assert [kept.key for kept in store.list()] == [KEY]


def test_a_content_is_there_once(store: Store) -> None:
    store.put(KEY, io.BytesIO(b"first"))
    (first,) = store.list()
    time.sleep(1.1 if isinstance(store, S3Store) else 0.02)  # as exact as the store's times
    store.put(KEY, io.BytesIO(b"first"))
    (second,) = store.list()
    assert second.key == first.key
    assert second.at > first.at
    assert load(store, KEY, 100) == b"first"


def test_a_large_one_goes_in_parts(store: Store) -> None:
    data = bytes(range(256)) * 40_000  # 10 MB: two parts
    store.put(KEY, io.BytesIO(data))
    part = store.open(KEY, 8_388_600, 8_388_620)
    assert part.read(100) == data[8_388_600:8_388_620]
    part.close()


def test_what_is_removed_is_gone_unless_it_was_put_again(store: Store) -> None:
    store.put(KEY, io.BytesIO(b"x"))
    store.remove(KEY, time.time() - 3600)
    assert load(store, KEY, 100) == b"x"
    store.remove(KEY, LATER)
    store.remove(KEY, LATER)
    with pytest.raises(NotStored):
        store.open(KEY, 0, 1)
    assert list(store.list()) == []


def test_what_breaks_off_leaves_nothing(store: Store) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("gone")

    with pytest.raises(StoreAway):
        store.put(KEY, Broken(b"x"))
    assert list(store.list()) == []
    with pytest.raises(NotStored):
        store.open(KEY, 0, 1)


def test_a_server_that_is_not_there_is_away() -> None:
    store = S3Store("s3://bucket?endpoint=http://127.0.0.1:9&region=us-east-1")
    with pytest.raises(StoreAway):
        store.put(KEY, io.BytesIO(b"x"))


@pytest.mark.parametrize("files", ["s3://", "s3://b?region=x&colour=red", "ftp://x"])
def test_settings_that_name_no_store_are_told(files: str) -> None:
    with pytest.raises(ValueError, match="ROOMLOG_FILES"):
        store_of(Settings(files=files))
