"""Webhooks: which events are sent, as what, how that is signed, and when a try follows another. Pure.

The signature is that of the Standard Webhooks specification (https://www.standardwebhooks.com), so that
receivers may check it with a library: HMAC-SHA256 over id, timestamp and body, one signature a secret.
"""

import base64
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec.json import Encoder

from roomlog import ids
from roomlog.cursors import Cursor
from roomlog.events import ChatEvent
from roomlog.protocol.event_frames import event_details, timestamp

RETRIES = 5
"""So often a delivery is tried again before it is given up."""
PAUSE_AFTER = 3
"""A webhook is paused once so many deliveries in a row were given up."""
OLD_SECRET = timedelta(hours=24)
"""So long the secret before goes on signing too."""
KEPT = timedelta(days=30)
"""So long deliveries are listed, and given up ones can be sent again."""
MAX_WEBHOOKS = 20
"""Webhooks of a room, at most."""
ATTEMPT_S = 10.0
"""How long an attempt may take, redirects included."""
LEASE_S = 20.0
"""How long who has begun an attempt has a lane for itself: longer than the attempt."""

_SECRET_PREFIX = "whsec_"  # noqa: S105  # not a secret
_SECRET_BYTES = 24
_LONGEST_RETRY_S = 3_600.0
_HIDDEN = frozenset({"token_hash"})
_encode = Encoder().encode


class Webhook(NamedTuple):
    """Where events are sent to; `secrets` sign them, the newest first."""

    id: str
    room_id: str
    types: tuple[str, ...]
    bots: bool
    is_paused: bool
    starts: dict[str, int]

    def wants(self, kind: str, partition: int, offset: int, is_bots: bool) -> bool:
        """Tell whether an event of its room is sent."""
        return (
            offset >= self.starts.get(str(partition), 0)
            and (not self.types or kind in self.types)
            and (self.bots or not is_bots)
        )


def new_secret() -> str:
    """Return a fresh secret to sign with: 192 random bits, as Standard Webhooks writes them."""
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def delivery_id(webhook: str, event_id: str) -> str:
    """Return the id of an event's delivery, the same however often it is made and sent."""
    return ids.derived_id("delivery", webhook, event_id)


def body_of(event: ChatEvent, offset: int, epoch: int) -> str:
    """Return what is sent of an event: JSON, as event frames have it."""
    details = {k: v for k, v in event_details(event).items() if k not in _HIDDEN}
    told: dict[str, Any] = {
        "type": event.type,
        "event": event.event_id,
        "room": event.room_id,
        "workspace": event.workspace_id or None,
        "cursor": str(Cursor(epoch, offset)),
        "sender": event.sender_id,
        "ts": timestamp(event.occurred_at),
        "d": details,
    }
    return _encode(told).decode()


def headers(delivery: str, kind: str, now: int, body: bytes, keys: list[str]) -> dict[str, str]:
    """Return the headers that a delivery is sent with; `now` in seconds since 1970, which is signed too."""
    signed = f"{delivery}.{now}.".encode() + body
    return {
        "Content-Type": "application/json",
        "User-Agent": "Roomlog-Webhooks/1",
        "Webhook-Id": delivery,
        "Webhook-Timestamp": str(now),
        "Webhook-Signature": " ".join(f"v1,{_signature(key, signed)}" for key in keys),
        "Roomlog-Event": kind,
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def signing(secret: str, old: str | None, old_until: datetime | None, now: datetime) -> list[str]:
    """Return the secrets that sign now, the newest first."""
    is_old_good = old is not None and old_until is not None and now < old_until
    return [secret, *([old] if old is not None and is_old_good else [])]


def retry_after_s(attempts: int, first_s: float, jitter: float, asked_s: float) -> float | None:
    """Return how long to wait after so many failed attempts (from 1), None to give up.

    Twice as long each time, spread by `jitter` (0 to 1) over half of that; at least as long as the
    receiver asked for, an hour at most.
    """
    if attempts > RETRIES:
        return None
    wait = first_s * 2.0 ** (attempts - 1) * (0.75 + jitter / 2)
    return min(max(wait, asked_s), _LONGEST_RETRY_S)
