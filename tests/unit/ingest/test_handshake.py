import time
import uuid
from http import HTTPStatus

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from multidict import CIMultiDict

from ingest.handshake import HandshakeRefused, admit, path_of
from roomlog.protocol.terms import SUBPROTOCOL
from roomlog.tokens import Signer, Verifier, generate_keys

ORIGIN = "https://chat.example.com"
USER = str(uuid.uuid4())


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return generate_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def verifier(keys):
    return Verifier(str(keys[1]))


@pytest.fixture(scope="module")
def token(keys):
    return Signer(keys[0]).access_token(USER, "Alice", "s1", time.time())


def admitted(verifier, *headers):
    return admit(CIMultiDict(headers), verifier, frozenset({ORIGIN}))


def status(verifier, *headers):
    with pytest.raises(HandshakeRefused) as caught:
        admitted(verifier, *headers)
    return caught.value.status


def test_a_bearer_header_a_subprotocol_and_a_cookie_with_its_origin_open(verifier, token):
    speaks = ("Sec-WebSocket-Protocol", SUBPROTOCOL)
    for headers in (
        [("Authorization", f"Bearer {token}"), speaks],
        [("authorization", f"bearer {token}"), speaks, ("Origin", "https://elsewhere.test")],
        [("Sec-WebSocket-Protocol", f"{SUBPROTOCOL}, bearer.{token}")],
        [speaks, ("Sec-WebSocket-Protocol", f"bearer.{token}")],
        [("Cookie", f"a=b; roomlog_access={token}; c=d"), ("Origin", ORIGIN), speaks],
    ):
        found = admitted(verifier, *headers)
        assert (found.claims.user_id, found.speaks) == (USER, True)


def test_whether_the_subprotocol_is_offered_is_told(verifier, token):
    assert not admitted(verifier, ("Authorization", f"Bearer {token}")).speaks


@pytest.mark.parametrize(
    "origins",
    [[], ["null"], [f"{ORIGIN}.evil.test"], ["http://chat.example.com"], [ORIGIN, ORIGIN], [""]],
)
def test_a_cookie_from_elsewhere_is_forbidden(verifier, token, origins):
    cookie = ("Cookie", f"roomlog_access={token}")
    headers = [cookie, *(("Origin", o) for o in origins)]
    assert status(verifier, *headers) is HTTPStatus.FORBIDDEN


def test_no_token_is_unauthorized(verifier):
    assert status(verifier) is HTTPStatus.UNAUTHORIZED
    assert status(verifier, ("Cookie", "other=1"), ("Origin", ORIGIN)) is HTTPStatus.UNAUTHORIZED


def test_forged_tokens_are_unauthorized(verifier, keys, token):
    claims = jwt.decode(token, options={"verify_signature": False})
    kid = jwt.get_unverified_header(token)["kid"]
    public = serialization.load_pem_private_key(keys[0].read_bytes(), None).public_key()
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    signer = Signer(keys[0])
    forged = [
        jwt.encode(claims, "", "none", {"kid": kid}),
        jwt.encode(claims, raw, "HS256", {"kid": kid}),
        jwt.encode(claims, signer._key, "EdDSA", {"kid": "../../dev/null"}),
        jwt.encode(claims, signer._key, "EdDSA", {"jku": "http://127.0.0.1:1/keys"}),
        jwt.encode({**claims, "typ": "refresh"}, signer._key, "EdDSA", {"kid": kid}),
        jwt.encode({**claims, "aud": "other"}, signer._key, "EdDSA", {"kid": kid}),
        jwt.encode({**claims, "exp": 1}, signer._key, "EdDSA", {"kid": kid}),
        "",
        "a.b.c",
    ]
    for bad in forged:
        assert status(verifier, ("Authorization", f"Bearer {bad}")) is HTTPStatus.UNAUTHORIZED


def test_the_path_is_what_stands_before_the_query():
    assert path_of(b"/ws?token=x") == "/ws"
    assert path_of(b"/\xff") == "/\ufffd"
