"""What goes into the image, what it is told, and how it says that it is well."""

import json
import re
import stat
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from infra.checks import ROOT
from infra.checks.dockerfile import _sources, _stages, is_ignored, lint
from infra.checks.image import importing
from infra.image import ONLY_FOR_LOCAL_STACK, packages, requirements
from infra.make_secrets import make, names
from roomlog.tokens import Signer, Verifier


def locked(text):
    return set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))


def test_the_image_has_what_services_need_and_no_more():
    found = locked(requirements())
    assert {"fastapi", "starlette", "aiokafka", "psycopg-binary", "pyarrow", "botocore"} <= found
    assert not found & (ONLY_FOR_LOCAL_STACK | {"pytest", "locust", "mypy", "moto", "playwright"})
    assert locked(requirements(["locust"])) > found | {"gevent"}
    with pytest.raises(KeyError):
        requirements(["no-such-package"])


def test_every_locked_package_of_the_image_has_hashes():
    entries = re.split(r"^(?=[a-z])", requirements(), flags=re.MULTILINE)[1:]
    assert len(entries) >= len(packages()) > 50
    assert all("--hash=sha256:" in entry for entry in entries)


def test_secrets_are_made_once_and_read_by_the_services(tmp_path):
    directory = tmp_path / "secrets"
    assert set(make(directory)) == names() == {p.name for p in directory.iterdir()}
    before = {p.name: p.read_text() for p in directory.iterdir()}
    (directory / "vapid_public_key").unlink()
    assert make(directory) == ["vapid_public_key"]
    assert {p.name: p.read_text() for p in directory.iterdir()} == before
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    token = Signer(directory / "jwt.pem").access_token("u", "Ada", "s", 2e9)
    assert token
    Verifier(str(directory / "jwks.json"))
    (identity,) = json.loads(before["s3_config"])["identities"]
    assert identity["credentials"][0]["secretKey"] == before["s3_key"]
    assert before["s3_key"] in before["s3_credentials"]
    (directory / "valkey_password").unlink()
    (directory / "valkey_password").write_text("another")
    make(directory)
    assert (directory / "valkey_url").read_text() == "redis://:another@valkey:6379/0\n"


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (None, 1)])
def test_a_container_is_well_while_its_service_is_ready(status, code):
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    port = server.server_address[1]
    if status is None:
        server.server_close()
    else:
        Thread(target=server.handle_request).start()
    command = [sys.executable, "-I", "-S", str(ROOT / "infra" / "healthcheck.py")]
    environ = {"ROOMLOG_PORT": "1", "ROOMLOG_METRICS_PORT": str(port)}
    assert subprocess.run(command, env=environ, check=False).returncode == code
    server.server_close()


def test_dockerignore_as_docker_reads_it():
    patterns = ["# a comment", "*", "!web", "web/dist", "!infra/image.py", "**/__pycache__"]
    assert not is_ignored("web/src/main.ts", patterns)
    assert is_ignored("web/dist/index.html", patterns)
    assert is_ignored("secrets", patterns)
    assert not is_ignored("infra/image.py", patterns)
    assert is_ignored("infra/secrets/jwt.pem", patterns)
    assert is_ignored("web/__pycache__/x.pyc", patterns)


GOOD = "ARG P=python:3.11.1-slim\nFROM ${P} AS service\nCOPY infra/ infra/\nHEALTHCHECK CMD x\nUSER 9:9\n"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("3.11.1-slim", "3.11", "not pinned"),
        ("3.11.1-slim", "latest", "not pinned"),
        ("USER 9:9", "USER 0:0", "not 0"),
        ("USER 9:9", "", "not 0"),
        ("HEALTHCHECK CMD x", "", "HEALTHCHECK"),
        ("COPY infra/", "COPY --from=web /x", "no such stage"),
        ("COPY infra/", "COPY infrared/", "no such file"),
        ("COPY infra/", "COPY docs/", ".dockerignore keeps it out"),
    ],
)
def test_mistakes_of_a_dockerfile_are_told(old, new, told):
    ignored = ["*", "!infra"]
    assert [*_stages(GOOD), *_sources(GOOD, ignored, ROOT)] == []
    text = GOOD.replace(old, new)
    (found,) = [*_stages(text), *_sources(text, ignored, ROOT)]
    assert told in found


def test_a_package_or_a_file_that_is_missing_is_told(tmp_path):
    (tmp_path / "roomlog").mkdir()
    (tmp_path / "roomlog" / "topics.py").write_text("def load(): pass")
    (tmp_path / "mine.py").write_text("import rich, msgspec, absent")
    found = importing(["mine", "elsewhere"], {"rich"}, tmp_path)
    assert found[0] == "mine: ModuleNotFoundError: msgspec (msgspec) is not in the image"
    assert found[1].startswith("elsewhere: ModuleNotFoundError")


def test_hadolint_is_asked(tmp_path):
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian:latest\nRUN cd /tmp && apt-get install curl\n")
    assert any("DL3007" in line for line in lint(bad))
