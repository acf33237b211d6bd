"""A collector of traces: takes OTLP over HTTP, and finds the spans of one message."""

import asyncio
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self


class Collected(NamedTuple):
    """One span as a collector sees it; ids in hexadecimal, times in nanoseconds since 1970."""

    name: str
    service: str
    instance: str
    trace: str
    span: str
    parent: str
    begun: int
    ended: int
    about: dict[str, Any]


class Collector:
    """Serves `url` until it is closed; reads what came only when it is asked."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []
        collector = self

        class Taker(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_packed = self.headers.get("Content-Encoding") == "gzip"
                collector._bodies.append(gzip.decompress(body) if is_packed else body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spans(self, event_id: str) -> list[Collected]:
        """Return the spans of an event's trace so far."""
        wanted = event_id.replace("-", "")
        return [s for body in list(self._bodies) for s in _spans(body) if s.trace == wanted]

    async def wait_for(self, event_id: str, names: set[str]) -> list[Collected]:
        """Return the spans of an event's trace once all of these names are among them."""
        async with asyncio.timeout(15):
            while True:
                found = self.spans(event_id)
                if names <= {span.name for span in found}:
                    return found
                await asyncio.sleep(0.1)


def _spans(body: bytes) -> list[Collected]:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    found = []
    for of_service in ExportTraceServiceRequest.FromString(body).resource_spans:
        who = _plain(of_service.resource.attributes)
        for scope in of_service.scope_spans:
            for span in scope.spans:
                found.append(
                    Collected(
                        span.name,
                        who["service.name"],
                        who["service.instance.id"],
                        span.trace_id.hex(),
                        span.span_id.hex(),
                        span.parent_span_id.hex(),
                        span.start_time_unix_nano,
                        span.end_time_unix_nano,
                        _plain(span.attributes),
                    )
                )
    return found


def _plain(attributes: Any) -> dict[str, Any]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in attributes}
