"""Which origins may change things with cookies, and tokens that are checked once."""

import time
from pathlib import Path

import jwt
import pytest
from starlette.requests import Request

from api.guards import Tokens, client_address, is_own_origin
from roomlog.ids import new_id
from roomlog.proxies import NO_PROXIES, Proxies
from roomlog.tokens import BadToken, Signer, Verifier, generate_keys

ALLOWED = frozenset({"https://app.example.com"})


@pytest.mark.parametrize("origin", ["https://app.example.com", "http://chat.test:8080"])
def test_own_origins(origin: str) -> None:
    assert is_own_origin(origin, "chat.test:8080", ALLOWED)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://app.example.com.evil.test",
        "https://evil.test",
        "http://chat.test",
        "http://chat.test:8081",
        "http://chat.test:8080@evil.test",
        "http://[::1",
        "chat.test:8080",
        "file://chat.test:8080",
    ],
)
def test_foreign_origins(origin: str) -> None:
    assert not is_own_origin(origin, "chat.test:8080", ALLOWED)


def test_no_host_is_nobodys_origin() -> None:
    assert not is_own_origin("http://", "", ALLOWED)


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return generate_keys(tmp_path)


def test_a_kept_token_still_expires(keys: tuple[Path, Path]) -> None:
    pem, jwks = keys
    now = time.time()
    token = Signer(pem).access_token(new_id(), "Ada", new_id(), now)
    tokens = Tokens(Verifier(str(jwks)))
    assert tokens.claims(token, now).name == "Ada"
    assert tokens.claims(token, now + 899).name == "Ada"
    with pytest.raises(BadToken, match="expired"):
        tokens.claims(token, now + 901)


def test_foreign_tokens_are_refused(keys: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other, _ = generate_keys(tmp_path / "other")
    token = Signer(other).access_token(new_id(), "Eve", new_id(), time.time())
    with pytest.raises(BadToken):
        Tokens(Verifier(str(keys[1]))).claims(token, time.time())
    with pytest.raises(BadToken):
        Tokens(Verifier(str(keys[1]))).claims(jwt.encode({}, "", algorithm="none"), time.time())


@pytest.mark.parametrize(
    ("proxies", "address"),
    [(NO_PROXIES, "127.0.0.1"), (Proxies("127.0.0.1", ""), "198.51.100.7")],
)
def test_an_address_is_the_clients_only_where_the_balancer_is_trusted(
    proxies: Proxies, address: str
) -> None:
    headers = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-for", b"198.51.100.7")]
    scope = {"type": "http", "client": ("127.0.0.1", 9), "headers": headers}
    assert client_address(Request(scope), proxies) == address
