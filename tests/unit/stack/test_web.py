"""When the web client is built again."""

import os

import pytest

from roomlog.stack import web


@pytest.fixture
def client(tmp_path):
    for path in ("package.json", "src/main.ts", "dist/index.html", "node_modules/x/index.js"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.utime(file, (1000, 1000))
    return tmp_path


def test_nothing_to_build_without_a_client(tmp_path):
    assert not web.is_stale(tmp_path)


def test_a_client_that_is_newer_than_its_sources_stays(client):
    assert not web.is_stale(client)


def test_a_changed_source_is_built(client):
    os.utime(client / "src" / "main.ts", (2000, 2000))
    assert web.is_stale(client)


def test_changed_packages_do_not_count(client):
    os.utime(client / "node_modules" / "x" / "index.js", (2000, 2000))
    assert not web.is_stale(client)


def test_what_was_never_built_is_built(client):
    (client / "dist" / "index.html").unlink()
    assert web.is_stale(client)
