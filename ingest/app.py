"""The ingest node: wires everything, serves until it is told to stop, then drains.

Run as `roomlog ingest`, settings from the environment. `/ws` is the protocol; `/healthz`, `/readyz` and
`/metrics` answer on the same port.
"""

import asyncio
import gc
import logging
import math
import resource
import signal
import time
from contextlib import suppress
from http import HTTPStatus

import uvloop
from aiokafka.errors import KafkaError

from ingest.deflate import agree
from ingest.handshake import Admitted, HandshakeRefused, admit, path_of
from ingest.http import Answer, answer
from ingest.limits import REFUSALS_BURST, REFUSALS_PER_S, RateLimits
from ingest.node import Node
from ingest.session import Session, Stranger
from ingest.upgrade import Accepted, Request, serve
from roomlog.protocol.terms import SUBPROTOCOL
from roomlog.proxies import Proxies, limited_as
from roomlog.settings import Settings, from_environment
from roomlog.tokens import Verifier
from schemas.registry import RegistryError

DEFAULT_PORT = 8101
_RETRY_S = 0.5
_START_S = 60.0
_GC_THRESHOLDS = (20_000, 20, 50)
"""Almost nothing here is in cycles: look for them less often than after every 700 new objects."""
_KEPT_ADDRESSES = 10_000
_log = logging.getLogger(__name__)


def main() -> None:
    """Run a node with the settings of the environment."""
    settings = from_environment()
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError):  # some systems say infinity and mean less
        resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))  # a socket each
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for noisy in ("aiokafka", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("aiokafka.producer.sender").setLevel(logging.ERROR)  # else: a line a retry
    try:
        uvloop.run(run(settings))
    except RegistryError as error:
        raise SystemExit(str(error)) from error


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    verifier = _verifier(settings)
    port = settings.port or DEFAULT_PORT
    node = await _started(settings, verifier, port)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    server = await _open(settings, port, Door(node, verifier, settings))
    _log.info("node %s serves ws://%s:%d/ws", node.incarnation, settings.host, port)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, node.told_to_stop.set)
    await node.told_to_stop.wait()
    server.close()
    await node.drain()
    _log.info("node %s has drained", node.incarnation)
    if node.died:
        raise SystemExit(1)


def _verifier(settings: Settings) -> Verifier:
    try:
        return Verifier(settings.jwks)
    except (OSError, ValueError, KeyError) as error:
        told = f"ROOMLOG_JWKS={settings.jwks!r} is no key set ({error!r}); `roomlog up` makes one"
        raise SystemExit(told) from error


async def _open(settings: Settings, port: int, door: "Door") -> asyncio.Server:
    try:
        return await serve(door.welcome, settings.host, port, door.proxies)
    except OSError as error:
        told = f"cannot listen on {settings.host}:{port} ({error}); set ROOMLOG_PORT to a free port"
        raise SystemExit(told) from error


async def _started(settings: Settings, verifier: Verifier, port: int) -> Node:
    deadline = time.monotonic() + _START_S
    while True:
        node = Node(settings, verifier, port)
        try:
            await node.start()
        except (KafkaError, OSError, TimeoutError) as error:
            await node.stop()
            if time.monotonic() > deadline:
                raise SystemExit(f"Kafka at {settings.kafka} does not answer: {error!r}") from error
            _log.warning("waiting for Kafka at %s: %r", settings.kafka, error)
            await asyncio.sleep(_RETRY_S)
        else:
            return node


class Door:
    """Decides about each new connection: the socket, a plain answer, or no."""

    def __init__(self, node: Node, verifier: Verifier, settings: Settings) -> None:
        self._node, self._verifier = node, verifier
        self._origins = settings.allowed_origins
        self._compresses = settings.compression == "on"
        self.proxies = Proxies(settings.trusted_proxies, settings.proxy_protocol)
        limited = settings.rate_limits == "on"
        self._refusals = RateLimits(REFUSALS_PER_S, REFUSALS_BURST) if limited else None
        # One of each for all sessions: a bound method is an object.
        self._calls = (node.opened, node.commands.on_frame, node.ended)

    def welcome(self, request: Request) -> Accepted | Answer:
        """Return the answer to a request, or who takes it over."""
        path = path_of(request.target)
        if path != "/ws":
            return answer(path, self._node.readiness)
        if self._node.readiness.draining:
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "this node drains; go to another")
        client = self.proxies.client(request.peer, request.headers.getall("X-Forwarded-For", []))
        address = limited_as(client)
        if wait_ms := self._wait_ms(address):
            return _too_many(wait_ms)
        try:
            admitted = admit(request.headers, self._verifier, self._origins)
        except HandshakeRefused as refused:
            self._count_refusal(address)
            return _refusal(refused.status, refused.message)
        return self._accepted(request, admitted) if admitted.speaks else Accepted(Stranger(), {})

    def _wait_ms(self, address: str) -> int:
        """Return for how long nobody from an address is asked who they are; 0 for almost everybody."""
        return (
            self._refusals.has_none(address, time.monotonic()) if self._refusals is not None else 0
        )

    def _count_refusal(self, address: str) -> None:
        if self._refusals is None:
            return
        now = time.monotonic()
        self._refusals.take(address, now)
        if len(self._refusals) > _KEPT_ADDRESSES:
            self._refusals.forget_full(now)

    def _accepted(self, request: Request, admitted: Admitted) -> Accepted:
        headers, window_bits = {"Sec-WebSocket-Protocol": SUBPROTOCOL}, 0
        offers = request.headers.getall("Sec-WebSocket-Extensions", [])
        if self._compresses and (agreed := agree(offers)) is not None:
            headers["Sec-WebSocket-Extensions"], window_bits = agreed
        session = Session(admitted.claims, self._node.outbox, *self._calls, window_bits)
        return Accepted(session, headers)


def _too_many(wait_ms: int) -> Answer:
    refusal = _refusal(
        HTTPStatus.TOO_MANY_REQUESTS, "too many connections without a good token; wait, and sign in"
    )
    headers = {**refusal.headers, "Retry-After": str(math.ceil(wait_ms / 1_000))}
    return refusal._replace(headers=headers)


def _refusal(status: HTTPStatus, message: str) -> Answer:
    return Answer(status, f"{message}\n".encode())
