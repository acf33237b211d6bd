"""Node leases: a node that is alive keeps a key in Valkey; who finds none treats it as gone.

An incarnation is one life of one node process, `"{name}-{8 hex digits}"`.
"""

import secrets

from msgspec import Struct
from msgspec.json import Decoder, Encoder

LEASE_MS = 3_000
RENEW_EVERY_S = 1.0
PREFIX = "roomlog:lease:"
KNOWN_NODES = "roomlog:nodes:known"
"""Set of incarnations: each adds itself when it takes or renews its lease, and leaves when it drains.

It only says whose leases to look for: finding them by pattern would walk over every key of the database.
Readers remove those without a lease.
"""


class Lease(Struct, frozen=True):
    """What a living node says of itself."""

    name: str
    url: str
    """The WebSocket address for clients."""
    draining: bool = False


encode_lease = Encoder().encode
decode_lease = Decoder(Lease).decode


def new_incarnation(name: str) -> str:
    """Return the id of a new life of the node of this name."""
    return f"{name}-{secrets.token_hex(4)}"


def lease_key(incarnation: str) -> str:
    """Return the Valkey key of a node's lease."""
    return PREFIX + incarnation


def presence_room_key(room: str) -> str:
    """Return the key of the hash `user id -> state` that mirrors a room's presence."""
    return f"roomlog:presence:room:{room}"


def presence_user_key(user: str) -> str:
    """Return the key of the string that mirrors a user's state over all nodes."""
    return f"roomlog:presence:user:{user}"
