"""Writes to rooms: commands to an ingest node over the WebSocket protocol, in the person's name.

So there is one write path, with one set of checks, for sockets and REST alike.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any

from api.problems import Problem, from_refusal, unavailable
from api.valkey import Valkey
from roomlog.client import Client, ConnectionEnded
from roomlog.errors import ErrorCode, Refused
from roomlog.ids import bridge_user_id, new_id
from roomlog.protocol.frames import Ack
from roomlog.tokens import SCOPE_BRIDGE, Signer

API_USER = bridge_user_id("roomlog", "api")
"""Who events name in `via` when they came over REST."""

_ANSWER_S = 5.0
_CONNECT_S = 2.0


class IngestNodes:
    """The nodes, as clients find them and as the API itself writes through one of them."""

    def __init__(self, valkey: Valkey, signer: Signer, fixed_url: str) -> None:
        self._valkey, self._signer, self._fixed_url = valkey, signer, fixed_url
        self._client: Client | None = None

    async def addresses(self) -> list[dict[str, str]]:
        """Return name and WebSocket address of each node that takes connections, or the one balanced address."""
        if self._fixed_url:
            return [{"name": "", "url": self._fixed_url}]
        return [{"name": lease.name, "url": lease.url} for lease in await self._valkey.nodes()]

    def start(self) -> None:
        """Connect in the background."""
        if self._client is None or self._client.ended:
            self._client = Client.start(self._shuffled, self._token)

    async def command(self, user: str, command: dict[str, Any]) -> Ack:
        """Carry out a command in the name of a user; raises Problem.

        503 means that it is not known to have taken effect: the same key makes another try safe.
        """
        self.start()
        client = self._client
        if client is None:  # start made one
            raise unavailable("the ingest nodes")
        try:
            async with asyncio.timeout(_ANSWER_S if client.connected else _CONNECT_S):
                return await client.request({**command, "as": user})
        except Refused as refused:
            raise from_refusal(refused) from None
        except (TimeoutError, ConnectionEnded):
            raise Problem(
                ErrorCode.UNAVAILABLE,
                "no ingest node answers right now; send it again with the same Idempotency-Key",
                retry_after_s=1,
            ) from None

    @property
    def connected(self) -> bool:
        """Whether a node is reached right now."""
        return self._client is not None and self._client.connected

    async def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            await self._client.close()

    async def _shuffled(self) -> Sequence[str]:
        urls = [node["url"] for node in await self.addresses()]
        random.shuffle(urls)
        return urls

    async def _token(self) -> str:
        return self._signer.access_token(
            API_USER, "REST API", new_id(), time.time(), SCOPE_BRIDGE, ttl_s=24 * 3600
        )
