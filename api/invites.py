"""Invites as links hold them, and the secrets that nodes know them by. Pure.

The link of an invite for one address has one half of its secret; the other half is in PostgreSQL, beside the
address. So only the API, which checks who accepts, can put the secret together.
"""

import base64
import re
import secrets
import uuid
from typing import NamedTuple

from roomlog.ids import derived_id

_BYTES = 16
_PART = re.compile(r"[A-Za-z0-9_-]{16,64}")


class Link(NamedTuple):
    """What a link holds: a workspace, and a secret or half of one."""

    workspace: str
    part: str

    @property
    def token(self) -> str:
        """The link's text, which is fit for an address."""
        return f"{_text(uuid.UUID(self.workspace).bytes)}.{self.part}"

    @property
    def handle(self) -> str:
        """What PostgreSQL finds the other half by; it does not lead back to this one."""
        return derived_id("handle", self.part)


def new_part() -> str:
    """Return a fresh secret, or half of one: 128 random bits in 22 characters."""
    return secrets.token_urlsafe(_BYTES)


def whole(half: str, other: str) -> str:
    """Return the secret of which these are the halves."""
    return derived_id("secret", half, other)


def read_link(token: str) -> Link | None:
    """Return what a link holds, None for what is no link."""
    workspace, dot, part = token.partition(".")
    try:
        decoded = base64.urlsafe_b64decode(workspace + "==")
    except ValueError:
        return None
    if len(decoded) != _BYTES or not dot or _PART.fullmatch(part) is None:
        return None
    found = Link(str(uuid.UUID(bytes=decoded)), part)
    return found if found.token == token else None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
