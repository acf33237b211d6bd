"""Traces of messages from the command to the row: OpenTelemetry, off unless a collector is named.

The trace id of a message is its event id, so that whoever knows one finds the other, in logs too. The ingest
node chooses by the event id, records the command as the root span, and writes the context of its span `send`
into the record twice: into the envelope's field `trace`, which nodes see that get the record's value alone,
and into the header TRACEPARENT, for readers that do not decode (docs/decisions/0028). All that comes after it
records a span where it finds such a context.

OpenTelemetry's packages take a tenth of a second and some megabytes to load: only a service that traces does so.
"""

import logging
import re
import time
import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from roomlog.metrics import TRACED
from roomlog.settings import Settings

if TYPE_CHECKING:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import SpanProcessor

TRACEPARENT = "traceparent"
"""Header of a record of chat.events: W3C Trace Context, version 00."""

Kind = Literal["server", "producer", "consumer", "internal"]
Headers = Sequence[tuple[str, bytes]]

_FORM = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01")
_RANDOM_DIGITS_FROM = 24
"""The last 12 digits of an event id are as good as random; those before them are not all (RFC 9562)."""
_SEND_EVERY_MS = 1_000
_COLLECTOR_S = 2

log = logging.getLogger(__name__)


def start(settings: Settings, service: str) -> "Tracing | None":
    """Return what records the spans of a service; None where nobody wants them."""
    if not settings.traces_url or not settings.trace_sample:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter = OTLPSpanExporter(endpoint=settings.traces_url, timeout=_COLLECTOR_S)
    sending = BatchSpanProcessor(exporter, schedule_delay_millis=_SEND_EVERY_MS)
    return Tracing(service, settings.node, settings.trace_sample, sending)


def traceparent(headers: Headers) -> str | None:
    """Return the context that a record's headers hold; None where it is none, or not to be followed."""
    for name, value in headers:
        if name == TRACEPARENT:
            text = value.decode("ascii", "ignore")
            return text if is_context(text) else None
    return None


def is_context(text: str) -> bool:
    """Tell whether a text is a context that can be followed; an event's may be anything."""
    return _FORM.fullmatch(text) is not None


class Record(Protocol):
    """What tracing reads of a record of the log."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Headers


class Span:
    """One step of a message's way; `context` is its traceparent, for steps that follow from it."""

    __slots__ = ("_about", "_begun", "_name", "_span", "context")

    def __init__(self, name: str, span: "trace.Span", about: dict[str, Any]) -> None:
        self._name, self._span, self._about = name, span, about
        self._begun = time.perf_counter()
        found = span.get_span_context()
        self.context = f"00-{found.trace_id:032x}-{found.span_id:016x}-01"

    def note(self, **about: Any) -> None:
        """Add what is known of the event by now: names of `roomlog.logs.FIELDS`, or others."""
        self._about |= about

    def end(self, error: str | None = None) -> None:
        """End it, and write a line of it to the log."""
        from opentelemetry.trace import Status, StatusCode

        for name, value in self._about.items():
            self._span.set_attribute(f"roomlog.{name}", value)
        if error is not None:
            self._span.set_status(Status(StatusCode.ERROR, error))
        self._span.end()
        TRACED.total += 1
        milliseconds = round((time.perf_counter() - self._begun) * 1_000, 3)
        extra = {**self._about, "span": self._name, "milliseconds": milliseconds}
        log.info("traced: %s%s", self._name, f", {error}" if error else "", extra=extra)


class Tracing:
    """Chooses messages, and records the spans of one service: `sample` is the share of all messages."""

    def __init__(self, service: str, node: str, sample: float, sending: "SpanProcessor") -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

        tracing = self

        class EventIds(RandomIdGenerator):
            """Gives a root span the trace id that was wished for."""

            def generate_trace_id(self) -> int:
                return tracing._wished

        self._wished = 0
        self._below = f"{min(int(sample * 16**12), 16**12 - 1):012x}" if sample < 1 else "g"
        of = {"service.name": f"roomlog-{service}", "service.instance.id": node}
        provider = TracerProvider(resource=Resource.create(of), id_generator=EventIds())
        provider.add_span_processor(sending)
        self._tracer = provider.get_tracer("roomlog")

    def chooses(self, event_id: str) -> bool:
        """Tell whether a message is traced: the same answer for the same event, on every node."""
        return event_id[_RANDOM_DIGITS_FROM:] < self._below

    def root(self, name: str, kind: Kind, event_id: str, **about: Any) -> Span:
        """Begin the first span of a message."""
        self._wished = uuid.UUID(event_id).int
        return self._begin(name, kind, None, {"event_id": event_id, **about})

    def follow(self, name: str, kind: Kind, context: str, **about: Any) -> Span:
        """Begin a span that follows from another; `context` is that one's, as `traceparent` returns it."""
        event_id = str(uuid.UUID(hex=context[3:35]))
        return self._begin(name, kind, context, {"event_id": event_id, **about})

    def _begin(self, name: str, kind: Kind, context: str | None, about: dict[str, Any]) -> Span:
        from opentelemetry import trace
        from opentelemetry.context import Context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = Context()
        if context is not None:
            parent = TraceContextTextMapPropagator().extract({TRACEPARENT: context}, parent)
        span = self._tracer.start_span(name, parent, trace.SpanKind[kind.upper()])
        return Span(name, span, about)


def begun(tracing: Tracing, name: str, records: Iterable[Record]) -> list[Span]:
    """Begin a span for each of the records that is traced, and return them."""
    found = []
    for record in records:
        if record.headers and (context := traceparent(record.headers)) is not None:
            room = (record.key or b"").decode(errors="replace")
            place = {"partition": record.partition, "offset": record.offset, "room_id": room}
            found.append(tracing.follow(name, "consumer", context, topic=record.topic, **place))
    return found
