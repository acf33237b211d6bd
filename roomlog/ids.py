"""Identifiers: all are UUIDs in canonical lower-case text form.

Derived ids are version 8 UUIDs (RFC 9562, section 5.8: custom content) over a BLAKE2b digest, so that the
same command gives the same event on whichever node, and however often, it arrives.
"""

import re
import uuid
from hashlib import blake2b

_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SEPARATOR = "\x1f"
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def new_id() -> str:
    """Return a fresh random id (UUID version 4)."""
    return str(uuid.uuid4())


def is_id(text: str) -> bool:
    """Tell whether a text is an id in canonical form; anything else names nothing."""
    return _CANONICAL.fullmatch(text) is not None


def derived_id(*parts: str) -> str:
    """Return the id that these parts, in this order, always lead to."""
    text = blake2b(_SEPARATOR.join(parts).encode(), digest_size=16).hexdigest()
    variant = _VARIANT[text[16]]
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def event_id(sender: str, room: str, key: str) -> str:
    """Return the id of the event that a command with this idempotency key leads to."""
    return derived_id("event", sender, room, key)


def room_id(sender: str, key: str) -> str:
    """Return the id of the room that a `create` with this idempotency key makes."""
    return derived_id("room", sender, key)


def direct_room_id(one: str, other: str, workspace: str = "") -> str:
    """Return the id of the one direct room that two people share in a workspace, whoever opens it."""
    place = (workspace,) if workspace else ()
    return derived_id("direct", *sorted((one, other)), *place)


def pair_id(one: str, other: str) -> str:
    """Return the id of two people, whichever is named first."""
    return derived_id("pair", *sorted((one, other)))


def workspace_id(slug: str) -> str:
    """Return the id of the workspace with this name in addresses: so no two have one name."""
    return derived_id("workspace", slug)


def invite_id(secret: str) -> str:
    """Return the id of the invite that a secret opens; it does not lead back to the secret."""
    return derived_id("invite", secret)


def hook_id(sender: str, room: str, key: str) -> str:
    """Return the id of the hook (and of its bot) that a `create_hook` with this idempotency key makes.

    Derived, so that nobody makes a hook that posts as a person.
    """
    return derived_id("hook", sender, room, key)


def bridge_user_id(bridge: str, name: str) -> str:
    """Return the id of the account that stands for a person of another system."""
    return derived_id("bridge", bridge, name)
