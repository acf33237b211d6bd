"""From a TCP connection to a WebSocket (RFC 6455, 4): a request comes and is answered, one way or the other."""

import asyncio
import base64
import binascii
import hashlib
import logging
import socket
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from multidict import CIMultiDict

from ingest.connection import Connection
from ingest.http import Answer, head
from roomlog.proxies import NO_PROXIES, BadProxyHeader, Proxies

HANDSHAKE_S = 5.0
_REQUEST_BYTES = 16 * 1024
_BACKLOG = 1_024
_UNSENT_BYTES = 256 * 1024
_VERSION = "13"
_KEY_BYTES = 16
_KEY_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_log = logging.getLogger(__name__)


class Request(NamedTuple):
    """What a GET asks for; `target` is what stands between the method and the version.

    `peer` is the address at the other end, of a connection with a PROXY header the one that it names.
    """

    target: bytes
    headers: CIMultiDict[str]
    peer: str = ""


class Accepted(NamedTuple):
    """A request becomes a WebSocket: who takes it over, and more headers for the answer."""

    connection: Connection
    headers: Mapping[str, str]


Welcome = Callable[[Request], Accepted | Answer]


class Handshake(asyncio.Protocol):
    """A connection until its request is answered; one that takes too long is disconnected."""

    __slots__ = (
        "_deadline",
        "_headers",
        "_is_whole",
        "_opening",
        "_parser",
        "_peer",
        "_proxies",
        "_size",
        "_target",
        "_transport",
        "_welcome",
    )

    def __init__(self, welcome: Welcome, proxies: Proxies) -> None:
        self._welcome = welcome
        self._proxies = proxies
        self._target = b""
        self._headers: CIMultiDict[str] = CIMultiDict()
        self._size = 0
        self._is_whole = False
        self._parser: HttpRequestParser | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = made = cast(asyncio.Transport, transport)
        self._deadline = asyncio.get_running_loop().call_later(HANDSHAKE_S, made.abort)
        peername = made.get_extra_info("peername")
        self._peer = peername[0] if isinstance(peername, tuple) else ""
        self._opening = self._proxies.opening(self._peer)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._deadline.cancel()
        self._parser = None  # the two hold each other

    def data_received(self, data: bytes) -> None:
        """Take a part of the request."""
        if self._opening is not None:
            try:
                data = self._opening.feed(data)
            except BadProxyHeader as error:
                self._end(HTTPStatus.BAD_REQUEST, str(error))
                return
            if not self._opening.is_over:
                return
            self._peer, self._opening = self._opening.client, None
        if self._parser is None:
            self._parser = HttpRequestParser(self)
        rest = b""
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
        except HttpParserError as error:
            if not self._is_whole:
                self._end(HTTPStatus.BAD_REQUEST, f"not a request: {error}")
                return
        self._size += len(data) - len(rest)
        if self._size > _REQUEST_BYTES:
            told = f"a request has {_REQUEST_BYTES} bytes at most"
            self._end(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, told)
        elif self._is_whole:
            self._decide(self._parser, rest)

    # Called by the parser; a second request in the same packet is none of ours.

    def on_url(self, url: bytes) -> None:
        """A part of the target came."""
        if not self._is_whole:
            self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header came."""
        if not self._is_whole:
            self._headers.add(name.decode("latin-1"), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        """The request is there, but for a body, which is not read."""
        self._is_whole = True

    # The answer.

    def _decide(self, parser: HttpRequestParser, rest: bytes) -> None:
        if parser.get_method() != b"GET":
            self._end(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is answered here")
            return
        try:
            found = self._welcome(Request(self._target, self._headers, self._peer))
        except Exception:
            _log.exception("a request is not answered")
            self._end(HTTPStatus.INTERNAL_SERVER_ERROR, "an error of the server's")
            return
        if isinstance(found, Answer):
            self._send(found)
        elif parser.get_http_version() != "1.1":
            self._end(HTTPStatus.BAD_REQUEST, "a WebSocket begins with HTTP/1.1")
        elif isinstance(agreed := _agreed(self._headers), Answer):
            self._send(agreed)
        else:
            self._hand_over(found.connection, {**agreed, **found.headers}, rest)

    def _end(self, status: HTTPStatus, told: str) -> None:
        self._send(Answer(status, f"{told}\n".encode()))

    def _send(self, answer: Answer) -> None:
        self._transport.write(answer.to_bytes())
        self._transport.close()  # the deadline goes on: whoever does not read is gone by then

    def _hand_over(self, connection: Connection, headers: Mapping[str, str], rest: bytes) -> None:
        self._deadline.cancel()
        self._parser = None
        self._transport.write(head(HTTPStatus.SWITCHING_PROTOCOLS, headers))
        self._transport.set_protocol(connection)
        connection.connection_made(self._transport)
        if rest:
            connection.data_received(rest)


def _agreed(headers: CIMultiDict[str]) -> dict[str, str] | Answer:
    """Return the headers that make a WebSocket of a connection, or the answer to who did not ask for one."""
    if "websocket" not in _tokens(headers, "Upgrade"):
        return _wrong("Upgrade: websocket is missing")
    if "upgrade" not in _tokens(headers, "Connection"):
        return _wrong("Connection: Upgrade is missing")
    if headers.getall("Sec-WebSocket-Version", []) != [_VERSION]:
        upgrade = HTTPStatus.UPGRADE_REQUIRED
        return Answer(
            upgrade, b"only version 13 is spoken here\n", {"Sec-WebSocket-Version": _VERSION}
        )
    key = headers.get("Sec-WebSocket-Key", "")
    try:
        is_key = len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        is_key = False
    if not is_key:
        return _wrong("Sec-WebSocket-Key is 16 bytes in base64")
    digest = hashlib.sha1(key.encode() + _KEY_SUFFIX, usedforsecurity=False).digest()
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": base64.b64encode(digest).decode(),
    }


def _tokens(headers: CIMultiDict[str], name: str) -> list[str]:
    values = headers.getall(name, [])
    return [token.strip().lower() for value in values for token in value.split(",")]


def _wrong(told: str) -> Answer:
    return Answer(HTTPStatus.BAD_REQUEST, f"{told}\n".encode())


async def serve(
    welcome: Welcome, host: str, port: int, proxies: Proxies = NO_PROXIES
) -> asyncio.Server:
    """Listen; `welcome` decides about each request. Raises OSError where the address cannot be had."""
    server = await asyncio.get_running_loop().create_server(
        lambda: Handshake(welcome, proxies), host, port, backlog=_BACKLOG, reuse_address=True
    )
    for one in server.sockets:  # accepted sockets inherit it
        # The kernel would hide megabytes of what a client does not read before this side sees any.
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
    return server
