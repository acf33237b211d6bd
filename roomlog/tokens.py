"""Access tokens: JWTs signed with Ed25519, made by the API and the CLI, checked by every node.

Only EdDSA is accepted and only keys of our own set are used, whatever a token's header says (RFC 8725).
"""

import json
import os
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from msgspec import Struct

ISSUER = AUDIENCE = "roomlog"
ALGORITHM = "EdDSA"
ACCESS_TTL_S = 15 * 60
FILE_TTL_S = 5 * 60
SCOPE_BRIDGE = "bridge"
FILE_TYPE = "file"
_REQUIRED = ["iss", "aud", "sub", "sid", "typ", "exp", "iat"]
_JWKS_TIMEOUT_S = 5


class BadToken(ValueError):
    """Not an access token of ours, or no longer one."""


class Claims(Struct, frozen=True):
    """What a valid access token says of its bearer; times in seconds since 1970."""

    user_id: str
    session_id: str
    name: str
    scope: str
    expires_at: int

    @property
    def is_bridge(self) -> bool:
        """Whether the bearer may act in other people's names."""
        return SCOPE_BRIDGE in self.scope.split()


class Signer:
    """Makes access tokens with the private key in a PEM file."""

    def __init__(self, private_key: Path) -> None:
        key = serialization.load_pem_private_key(private_key.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{private_key} holds no Ed25519 key; `roomlog up` makes one")
        self._key = key
        self._kid = _key_id(key)

    def access_token(
        self,
        user_id: str,
        name: str,
        session_id: str,
        now: float,
        scope: str = "",
        ttl_s: int = ACCESS_TTL_S,
    ) -> str:
        """Return a token that is good for `ttl_s` seconds from `now` (seconds since 1970)."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user_id,
            "sid": session_id,
            "name": name,
            "scope": scope,
            "typ": "access",
            "iat": int(now),
            "exp": int(now) + ttl_s,
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": self._kid})

    def file_token(self, user_id: str, session_id: str, file_id: str, now: float) -> str:
        """Return a token that opens one file to one user, for FILE_TTL_S seconds from `now`."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user_id,
            "sid": session_id,
            "file": file_id,
            "typ": FILE_TYPE,
            "iat": int(now),
            "exp": int(now) + FILE_TTL_S,
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": self._kid})

    def jwks(self) -> dict[str, Any]:
        """Return the public half as a JSON Web Key Set."""
        return {"keys": [_public_jwk(self._key)]}


class Verifier:
    """Checks access tokens against a key set (a path or an https URL), read once at start."""

    def __init__(self, jwks: str) -> None:
        keys = json.loads(_read(jwks))["keys"]
        self._keys = {key["kid"]: OKPAlgorithm.from_jwk(key) for key in keys}

    def verify(self, token: str) -> Claims:
        """Return the claims of a valid access token; raises BadToken."""
        claims = self._claims(token, "access")
        return Claims(
            claims["sub"],
            claims["sid"],
            claims.get("name", ""),
            claims.get("scope", ""),
            claims["exp"],
        )

    def verify_file(self, token: str, file_id: str) -> Claims:
        """Return for whom a token opens this file; raises BadToken."""
        claims = self._claims(token, FILE_TYPE)
        if claims.get("file") != file_id:
            raise BadToken("a token of another file")
        return Claims(claims["sub"], claims["sid"], "", "", claims["exp"])

    def _claims(self, token: str, kind: str) -> dict[str, Any]:
        try:
            key = self._keys[jwt.get_unverified_header(token).get("kid", "")]
            claims: dict[str, Any] = jwt.decode(
                token,
                key,  # type: ignore[arg-type]  # an Ed25519 key set holds public keys only
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                options={"require": _REQUIRED},
            )
        except (jwt.PyJWTError, KeyError, TypeError) as error:
            raise BadToken(f"not a valid {kind} token: {error}") from error
        if claims["typ"] != kind:
            raise BadToken(f"not a token of type {kind}")
        return claims


def generate_keys(directory: Path) -> tuple[Path, Path]:
    """Make a signing key in `directory` unless it is there; return the paths of the PEM and the JWKS."""
    pem, jwks = directory / "jwt.pem", directory / "jwks.json"
    if not pem.exists():
        key = Ed25519PrivateKey.generate()
        text = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        with os.fdopen(os.open(pem, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
    jwks.write_text(json.dumps(Signer(pem).jwks()))
    return pem, jwks


def _public_jwk(key: Ed25519PrivateKey) -> dict[str, Any]:
    jwk: dict[str, Any] = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**jwk, "kid": _key_id(key), "use": "sig", "alg": ALGORITHM}


def _key_id(key: Ed25519PrivateKey) -> str:
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return raw.hex()[:16]


def _read(source: str) -> str:
    if source.startswith(("https://", "http://")):
        with urlopen(source, timeout=_JWKS_TIMEOUT_S) as answer:  # noqa: S310  # scheme just checked
            return bytes(answer.read()).decode()
    return Path(source).read_text()
