"""The bucket is made once, in a store that answers; anything else is told in a sentence."""

import os

import boto3
import pytest

from infra.bucket import main, make_bucket


@pytest.fixture
def endpoint(monkeypatch):
    server_of_moto = pytest.importorskip("moto.server")
    server = server_of_moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.mark.skipif(
    not os.environ.get("ROOMLOG_TEST_INFRA"), reason="`make infra-check` starts a store"
)
def test_a_bucket_is_made_once(endpoint):
    url = f"s3://once/files?endpoint={endpoint}&region=us-east-1"
    make_bucket(url)
    make_bucket(url)
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    assert "once" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


@pytest.mark.parametrize(
    "url", ["", "/var/files", "s3:///prefix", "s3://b?endpoint=http://127.0.0.1:9"]
)
def test_what_is_no_store_ends_the_program_with_a_sentence(monkeypatch, url):
    monkeypatch.setenv("ROOMLOG_FILES", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(SystemExit, match="the bucket cannot be made: "):
        main()
