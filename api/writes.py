"""What every write to a room has in common: limits, the idempotency key, the way to an ingest node."""

from typing import Annotated, Any

from fastapi import Header

from api.services import Services
from roomlog.ids import new_id
from roomlog.protocol.frames import Ack
from roomlog.tokens import Claims

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        description="the same key within 24 hours takes effect once; choose a UUID",
        examples=["5f0c1f9e-8a1d-4c86-9a55-1c4f6e0f7b44"],
    ),
]


async def write(use: Services, who: Claims, key: str | None, command: dict[str, Any]) -> Ack:
    """Carry out a command in one's own name, under a fresh key where none was given; raises Problem."""
    if not who.is_bridge:
        use.limits.write(who.user_id)
    return await use.nodes.command(who.user_id, {**command, "key": key or new_id()})
