import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from loadtest.corpus import Corpus
from loadtest.place import Minted, PlaceError, find_place
from roomlog.tokens import Signer, Verifier, generate_keys

CORPUS = Corpus(["Ada", "Bo"], ["hello"])
ME = {"access_token": "t", "user": {"id": "u1", "name": "Ada"}}
GOOD = {
    "/api/v1/auth/register": (201, ME),
    "/api/v1/auth/login": (200, ME),
    "/api/v1/ingest-nodes": (200, {"nodes": [{"name": "n1", "url": "ws://127.0.0.1:8101/ws"}]}),
}


@pytest.fixture
def api():
    """An API that answers what it is told to: path -> status and body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server.seen.append((self.path, self.headers.get("Cookie")))
            status, body = server.answers.get(self.path, (404, "not here"))
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Set-Cookie", "roomlog_access=secret; Path=/")
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self):
            self.do_GET()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.answers, server.seen = dict(GOOD), []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_installation_is_found_by_its_web_address(api):
    place = find_place(api.url + "/", None, CORPUS)

    assert (place.nodes, place.data) == (["ws://127.0.0.1:8101/ws"], None)


def test_users_do_not_sign_in_with_each_others_cookies(api):
    find_place(api.url, None, CORPUS)

    assert len(api.seen) == 3
    assert {cookie for _, cookie in api.seen} == {None}


def test_an_account_is_made_once_and_signed_in_to_again(api):
    accounts = find_place(api.url, None, CORPUS).accounts
    api.seen.clear()

    for _ in range(2):
        assert accounts.sign_in("run", 3)[:3] == ("u1", "Ada", "t")

    assert [path.rsplit("/", 1)[1] for path, _ in api.seen] == ["register", "login", "login"]


@pytest.mark.parametrize(
    ("path", "answer", "told"),
    [
        ("auth/register", (429, "slow down"), "ROOMLOG_RATE_LIMITS=off"),
        ("auth/register", (500, "oh"), "POST /auth/register: 500 oh"),
        ("auth/login", (200, "<html>"), "does not answer as Roomlog does"),
        ("auth/login", (200, {"user": 1}), "does not answer as Roomlog does"),
        ("ingest-nodes", (200, {"nodes": []}), "does not answer as Roomlog does"),
        (
            "ingest-nodes",
            (200, {"nodes": [{"url": "http://x"}]}),
            "does not answer as Roomlog does",
        ),
        ("ingest-nodes", (503, {"code": "unavailable"}), "503"),
        ("ingest-nodes", (200, []), "does not answer as Roomlog does"),
    ],
)
def test_what_an_api_answers_wrongly_is_told(api, path, answer, told):
    api.answers[f"/api/v1/{path}"] = answer

    with pytest.raises(PlaceError, match=told):
        find_place(api.url, None, CORPUS)


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("http://127.0.0.1:9", "does not answer"),
        ("127.0.0.1:8080", "wanted is the web address"),
        ("ws://127.0.0.1:8101/ws", "wanted is the web address"),
        ("http://", "wanted is the web address"),
        ("http://[::1", "wanted is the web address"),
    ],
)
def test_an_address_that_is_none_is_refused(host, told):
    with pytest.raises(PlaceError, match=told):
        find_place(host, None, CORPUS)


def test_a_directory_without_a_stack_is_refused(tmp_path):
    with pytest.raises(PlaceError, match=f"no stack runs on {tmp_path}"):
        find_place("", tmp_path, CORPUS)


def test_tokens_of_the_installations_own_key_are_good_for_hours(tmp_path):
    pem, jwks = generate_keys(tmp_path)
    accounts = Minted(Signer(pem), CORPUS)

    account, again, other = (accounts.sign_in("run", n) for n in (1, 1, 3))

    claims = Verifier(str(jwks)).verify(account.token)
    assert (claims.user_id, claims.name) == (account.user, "Bo")
    assert account.good_s > 3_600
    assert account.user == again.user != other.user
