import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from roomlog.tokens import BadToken, Signer, Verifier, generate_keys

NOW = int(time.time())  # when the run begins: tests run up to an hour later


@pytest.fixture
def keys(tmp_path):
    pem, jwks = generate_keys(tmp_path)
    return Signer(pem), Verifier(str(jwks))


def b64(data):
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(**changes):
    good = {"iss": "roomlog", "aud": "roomlog", "sub": "u", "sid": "s", "typ": "access"}
    return {**good, "iat": NOW, "exp": NOW + 3600, **changes}


def test_round_trip(keys):
    signer, verifier = keys
    found = verifier.verify(signer.access_token("u", "Alice", "s", NOW, scope="bridge", ttl_s=3600))
    assert (found.user_id, found.session_id, found.name) == ("u", "s", "Alice")
    assert found.is_bridge
    assert found.expires_at == NOW + 3600


def test_keys_are_made_once_and_are_private(tmp_path):
    pem, _ = generate_keys(tmp_path)
    first = pem.read_bytes()
    generate_keys(tmp_path)
    assert pem.read_bytes() == first
    assert pem.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"aud": "other"},
        {"typ": "refresh"},
        {"exp": NOW - 1},
        {"sub": None},
        {"sid": None},
    ],
)
def test_wrong_claims_are_refused(keys, changes):
    signer, verifier = keys
    changed = {k: v for k, v in claims(**changes).items() if v is not None}
    token = jwt.encode(changed, signer._key, "EdDSA", headers={"kid": signer._kid})
    with pytest.raises(BadToken):
        verifier.verify(token)


def test_alg_none_is_refused(keys):
    _, verifier = keys
    head = {"alg": "none", "kid": next(iter(verifier._keys))}
    with pytest.raises(BadToken):
        verifier.verify(f"{b64(head)}.{b64(claims())}.")


def test_hs256_signed_with_the_public_key_is_refused(keys):
    signer, verifier = keys
    head = {"alg": "HS256", "kid": signer._kid}
    public = base64.urlsafe_b64decode(signer.jwks()["keys"][0]["x"] + "==")
    body = f"{b64(head)}.{b64(claims())}"
    mac = hmac.new(public, body.encode(), hashlib.sha256).digest()
    with pytest.raises(BadToken):
        verifier.verify(f"{body}.{b64(mac)}")


@pytest.mark.parametrize(
    "headers",
    [
        {"kid": "../../dev/null"},
        {},
        {"kid": 7},
        {"kid": ["x"]},
        {"jku": "http://127.0.0.1:1/jwks"},
        {"jwk": {"kty": "OKP"}},
    ],
)
def test_a_foreign_key_is_refused_whatever_the_header_says(keys, headers):
    _, verifier = keys
    head = b64({"alg": "EdDSA", "typ": "JWT", **headers})
    body = f"{head}.{b64(claims())}"
    signature = Ed25519PrivateKey.generate().sign(body.encode())
    with pytest.raises(BadToken):
        verifier.verify(f"{body}.{b64(signature)}")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "." * 10, "A" * 100_000])
def test_what_is_no_token_is_refused(keys, token):
    with pytest.raises(BadToken):
        keys[1].verify(token)
