"""A push service and its browsers: a real HTTP endpoint that checks signatures and decrypts what it gets."""

import asyncio
import base64
import json
import os

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.receiver import Receiver, status


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Browser:
    """A subscription, and what came to it, decrypted."""

    def __init__(self, service, name):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)
        self._service = service
        self.endpoint = service.url(f"/{name}")
        self.answers = []
        """Statuses to answer with, before it answers 201."""
        self.got, self.headers, self.tries = [], [], 0

    @property
    def subscription(self):
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "keys": {"p256dh": b64(point), "auth": b64(self._auth)}}

    async def answer(self, request, writer):
        await status(self.take(request.headers, request.body))(request, writer)

    def take(self, headers, body):
        self.tries += 1
        if self.answers:
            return self.answers.pop(0)
        scheme, _, rest = headers["authorization"].partition(" ")
        fields = dict(part.strip().split("=", 1) for part in rest.split(","))
        point = base64.urlsafe_b64decode(fields["k"] + "=")
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        claims = jwt.decode(fields["t"], key, ["ES256"], audience=self._service.url(""))
        assert scheme == "vapid"
        assert claims["sub"].startswith("mailto:")
        assert headers["content-encoding"] == "aes128gcm"
        plain = http_ece.decrypt(
            body, private_key=self._key, auth_secret=self._auth, version="aes128gcm"
        )
        self.got.append(json.loads(plain))
        self.headers.append(headers | {"key": fields["k"]})
        return 201

    async def next(self, count=1, within_s=15):
        """Wait for so many messages in all, and return the last one."""
        async with asyncio.timeout(within_s):
            while len(self.got) < count:
                await asyncio.sleep(0.05)
        return self.got[-1]


class PushService(Receiver):
    """Answers for its browsers."""

    def browser(self, name):
        found = Browser(self, name)
        self.answers[f"/{name}"] = found.answer
        return found
