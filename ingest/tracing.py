"""The spans of one write that is traced: the command as a whole, and its way into the log."""

from roomlog.notifications import Headers
from roomlog.tracing import TRACEPARENT, Span, Tracing


class TracedWrite:
    """What a write that was chosen for tracing carries along."""

    __slots__ = ("_receive", "_send", "_tracing")

    def __init__(self, tracing: Tracing, event_id: str, room_id: str, key: str) -> None:
        self._tracing = tracing
        self._receive = tracing.root("receive", "server", event_id, room_id=room_id, key=key)
        self._send: Span | None = None

    def encoding(self, room_id: str) -> str:
        """The record is made: begin its way into the log, and return the context that it carries."""
        context = self._receive.context
        self._send = self._tracing.follow("send", "producer", context, room_id=room_id)
        return self._send.context

    def with_header(self, headers: Headers) -> Headers:
        """Return the headers of the record, with the context."""
        if self._send is None:
            return headers
        return [*headers, (TRACEPARENT, self._send.context.encode())]

    def stored(self, partition: int, offset: int) -> None:
        """Kafka has it."""
        if self._send is not None:
            send, self._send = self._send, None
            send.note(partition=partition, offset=offset)
            send.end()

    def answered(self, partition: int, offset: int) -> None:
        """Whoever sent it has the ack."""
        self.stored(partition, offset)
        self._receive.note(partition=partition, offset=offset)
        self._receive.end()

    def refused(self, code: str) -> None:
        """Whoever sent it was told no, or that it is not known."""
        if self._send is not None:
            self._send.end(code)
        self._receive.end(code)
