"""The lock of the servers, and what happens to a file that is another than it names."""

import hashlib
import re

import pytest

from roomlog.stack import artifacts
from roomlog.stack.artifacts import LOCK_FILE, Artifact, parse_lock
from roomlog.stack.errors import StackError


def test_the_lock_pins_every_file_by_digest_and_size():
    servers = parse_lock(LOCK_FILE.read_text())
    assert {"kafka", "registry", "postgres-linux-x86_64", "postgres-linux-aarch64"} <= set(servers)
    for files in servers.values():
        for file in files:
            assert re.fullmatch("[0-9a-f]{64}", file.sha256)
            assert file.size > 0


def test_file_names_are_those_of_a_maven_repository():
    registry = parse_lock(LOCK_FILE.read_text())["registry"][0]
    assert registry.file_name == "apicurio-registry-app-3.3.3-all.tar.gz"


def test_a_machine_without_binaries_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(artifacts.platform, "machine", lambda: "sparc")
    with pytest.raises(StackError, match="ROOMLOG_POSTGRES"):
        artifacts.locked("postgres")


class _Repository:
    """Stands for a Maven context that has one file."""

    def __init__(self, path):
        self.path = path

    def project(self, _group, _name):
        return self

    def at_version(self, _version):
        return self

    def artifact(self, **_what):
        return self

    def resolve(self):
        return self.path


def _artifact(content):
    digest = hashlib.sha256(content).hexdigest()
    return Artifact("kafka", digest, len(content), ("g", "a", "1", "", "jar"))


def test_a_changed_file_is_refused(tmp_path):
    path = tmp_path / "a-1.jar"
    path.write_bytes(b"evil")
    with pytest.raises(StackError, match="SHA-256"):
        artifacts._fetch_one(_Repository(path), _artifact(b"good"))


def test_the_right_file_is_taken(tmp_path):
    path = tmp_path / "a-1.jar"
    path.write_bytes(b"good")
    assert artifacts._fetch_one(_Repository(path), _artifact(b"good")) == path
