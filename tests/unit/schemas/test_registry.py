"""Resolving schema ids while the registry has a bad moment."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from schemas.registry import Registry, RegistryError, Resolved

SUBJECT = "chat.events-value"


class Answers(HTTPServer):
    """A registry that gives these status codes one after the other, then 200."""

    def __init__(self, *codes):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.codes = list(codes)
        self.asked = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        code = self.server.codes.pop(0) if self.server.codes else 200
        body = json.dumps({"id": 7}).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def serve():
    servers = []

    def start(*codes):
        server = Answers(*codes)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_registry_whose_database_restarts_is_asked_again(serve):
    assert Registry(serve(500, 503).url).resolve(SUBJECT).writer_id == 7


def test_an_unknown_schema_is_not_asked_for_again(serve):
    server = serve(404)
    with pytest.raises(RegistryError, match="topics apply"):
        Registry(server.url).resolve(SUBJECT)
    assert server.asked == 1


def test_what_was_resolved_serves_while_the_registry_is_away(serve, tmp_path):
    server = serve()
    first = Registry(server.url, tmp_path).resolve(SUBJECT)
    server.codes = [404]
    assert Registry(server.url, tmp_path).resolve(SUBJECT) == first


def test_services_that_start_at_once_share_what_is_kept(tmp_path):
    resolved = Resolved(7, {7: {"type": "string"}})
    registry = Registry("http://127.0.0.1:1", tmp_path)

    def remember(_):
        for _ in range(50):
            registry._remember(SUBJECT, resolved)

    with ThreadPoolExecutor(8) as services:
        list(services.map(remember, range(8)))  # raises what one of them raised
    assert [p.name for p in tmp_path.iterdir()] == [f"schema-ids.{SUBJECT}.json"]
