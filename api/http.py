"""HTTP connections: uvicorn's, except that a request has to arrive within a bounded time."""

import asyncio
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.strict import is_upload
from roomlog.proxies import NO_PROXIES, BadProxyHeader, Opening, Proxies

REQUEST_S = 20.0
_TICK_S = 1.0
"""How often the `Date` of answers moves on."""


class QuietServer(uvicorn.Server):
    """Waits to be told to stop; uvicorn's own looks ten times a second whether it was, which is half of an idle API."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, upon a signal."""
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        """Return when the server has to stop."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._told.wait()


class BoundedHttp(HttpToolsProtocol):
    """Closes connections that are silent or slow before a whole request has come (slow-loris attacks).

    Between two requests uvicorn's own keep-alive timeout holds. An upload may last, but not fall silent.
    A connection of a load balancer may begin with a PROXY header: then it is from the client that this names.
    """

    request_s = REQUEST_S
    proxies = NO_PROXIES
    _deadline: asyncio.TimerHandle | None = None
    _opening: Opening | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._opening = self.proxies.opening(self.client[0]) if self.client else None
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        if self._opening is not None:
            try:
                data = self._opening.feed(data)
            except BadProxyHeader as error:
                self.send_400_response(str(error))
                return
            if not self._opening.is_over:
                return
            self.client, self._opening = (self._opening.client, 0), None
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._arrived()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a request."""
        self._expect()
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Go on to wait, where this is a file of which more comes: its size is bounded, its time is not."""
        super().on_body(body)
        if is_upload(self.scope) and not self.cycle.response_complete:
            self._expect()

    def on_message_complete(self) -> None:
        """Wait no longer: the request is here."""
        self._arrived()
        super().on_message_complete()

    def _expect(self) -> None:
        self._arrived()
        self._deadline = self.loop.call_later(self.request_s, self.transport.close)

    def _arrived(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def http_behind(proxies: Proxies) -> type[BoundedHttp]:
    """Return the protocol of a server behind these load balancers."""
    return type("Http", (BoundedHttp,), {"proxies": proxies})
