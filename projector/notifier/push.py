"""Web push (RFC 8030) over HTTP: encrypted for the browser (RFC 8291), signed with this installation's key."""

import time
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import tenacity
from msgspec import json
from py_vapid import Vapid02
from pywebpush import WebPusher, WebPushException

from projector.notifier.rules import KEPT, Due, message
from roomlog.push import PushHosts

_TIMEOUT_S = 10.0
_ATTEMPTS = 3
_LATER = timedelta(minutes=5)
_LONGEST_LATER = timedelta(hours=6)
_SIGNED_FOR_S, _SIGNED_AGAIN_S = 12 * 3600, 3600
_PASSING = (429, 500, 502, 503, 504)
_GONE = (404, 410)


OUTCOMES = ("sent", "gone", "refused", "later")


class Sent(NamedTuple):
    """What became of a push, of OUTCOMES: `gone` (the browser wants no more), `refused` (for good), or `later`."""

    outcome: str
    told: str = ""
    after: timedelta = timedelta()


class _Busy(Exception):
    """The push service does not take it now; `after` is what it says itself, if anything."""

    def __init__(self, told: str, after: timedelta | None = None) -> None:
        super().__init__(told)
        self.after = after


class Pusher:
    """Sends to push services; `close` ends it."""

    def __init__(self, key: Path, subject: str, hosts: PushHosts) -> None:
        """Read the signing key; raises OSError or ValueError."""
        self._vapid = Vapid02.from_pem(key.read_bytes())
        self._subject, self._hosts = subject, hosts
        self._http = httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False)
        self._signed: dict[str, tuple[float, str]] = {}

    async def close(self) -> None:
        """Disconnect."""
        await self._http.aclose()

    async def send(self, due: Due) -> Sent:
        """Send, and try again a few times where that may help."""
        if not self._hosts.has(due.endpoint):
            return Sent("gone", "its push service is none that this installation sends to")
        try:
            body = self._encrypted(due)
        except (ValueError, WebPushException) as error:
            return Sent("gone", f"nothing can be encrypted for it: {error}")
        attempts = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(lambda e: isinstance(e, _Busy) and e.after is None),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=2),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            reraise=True,
        )
        try:
            return await attempts(self._post, due, body)
        except _Busy as busy:
            return Sent("later", str(busy), busy.after or _LATER)

    def _encrypted(self, due: Due) -> bytes:
        keys = {"p256dh": due.p256dh, "auth": due.auth}
        pusher = WebPusher({"endpoint": due.endpoint, "keys": keys})
        return bytes(pusher.encode(json.encode(message(due)))["body"])

    async def _post(self, due: Due, body: bytes) -> Sent:
        headers = {
            "Authorization": self._authorization(due.endpoint),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(KEPT.total_seconds())),
            # One that is sent twice, because its sender died in between, replaces itself while it waits.
            "Topic": due.event.replace("-", ""),
            "Urgency": "high" if due.kind in ("mention", "direct") else "normal",
        }
        try:
            answer = await self._http.post(due.endpoint, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise _Busy(f"{type(error).__name__}: {error}") from error
        if answer.is_success:
            return Sent("sent")
        told = f"HTTP {answer.status_code}"
        if answer.status_code in _GONE:
            return Sent("gone", told)
        if answer.status_code in _PASSING:
            raise _Busy(told, _retry_after(answer.headers.get("retry-after")))
        return Sent("refused", told)

    def _authorization(self, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        origin, now = f"{parts.scheme}://{parts.netloc}", time.time()
        signed_at, header = self._signed.get(origin, (float("-inf"), ""))
        if now - signed_at > _SIGNED_AGAIN_S:
            claims = {"aud": origin, "sub": self._subject, "exp": int(now) + _SIGNED_FOR_S}
            header = str(self._vapid.sign(claims)["Authorization"])
            self._signed[origin] = now, header
        return header


def _retry_after(text: str | None) -> timedelta | None:
    """Return how long a service says to wait, in seconds or until a date; None where it does not."""
    if not text:
        return None
    try:
        wait = timedelta(seconds=int(text))
    except (ValueError, OverflowError):
        try:
            wait = timedelta(seconds=parsedate_to_datetime(text).timestamp() - time.time())
        except (ValueError, OverflowError):
            return None
    return min(max(wait, timedelta(seconds=1)), _LONGEST_LATER)
