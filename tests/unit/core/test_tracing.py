"""Which messages are traced, and that the spans of one hang together under its event id."""

import logging
import uuid
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomlog import ids
from roomlog.settings import Settings
from roomlog.tracing import TRACEPARENT, begun, is_context, start, traceparent
from tests.spans import Traced

EVENT = ids.event_id("sender", "room", "key")


def test_nothing_is_traced_where_nobody_collects_or_nothing_is_chosen():
    assert start(Settings(traces_url=""), "ingest") is None
    assert start(Settings(traces_url="http://127.0.0.1:1/v1/traces", trace_sample=0), "api") is None


@pytest.mark.parametrize(("share", "least", "most"), [(0.01, 60, 150), (0.5, 4_800, 5_200)])
def test_about_the_share_of_all_messages_is_chosen(share, least, most):
    tracing = Traced(share).tracing
    chosen = sum(tracing.chooses(ids.event_id("s", "r", str(n))) for n in range(10_000))
    assert least < chosen < most


@given(st.uuids())
def test_a_share_of_one_is_everything(event):
    assert ALL.tracing.chooses(str(event))


ALL = Traced()


def test_spans_follow_each_other_under_the_event_id(caplog):
    traced = Traced()
    with caplog.at_level(logging.INFO, "roomlog.tracing"):
        root = traced.tracing.root("receive", "server", EVENT, room_id="r")
        send = traced.tracing.follow("send", "producer", root.context)
        send.note(offset=7)
        send.end()
        root.end("forbidden")
    sent, received = traced.spans()
    assert received.context.trace_id == sent.context.trace_id == uuid.UUID(EVENT).int
    assert (received.parent, sent.parent.span_id) == (None, received.context.span_id)
    assert sent.attributes == {"roomlog.event_id": EVENT, "roomlog.offset": 7}
    assert received.status.description == "forbidden"
    assert [(r.event_id, r.span) for r in caplog.records] == [(EVENT, "send"), (EVENT, "receive")]


def test_records_are_followed_where_their_header_is_a_context():
    traced = Traced()
    context = traced.tracing.root("receive", "server", EVENT).context

    def record(*headers):
        return SimpleNamespace(
            topic="chat.events", partition=3, offset=9, key=b"\xff", headers=headers
        )

    records = [
        record(),
        record(("notify", b"x")),
        record((TRACEPARENT, b"\xff nonsense")),
        record((TRACEPARENT, context.replace("-01", "-00").encode())),
        record(("notify", b"x"), (TRACEPARENT, context.encode())),
    ]
    (span,) = begun(traced.tracing, "project", records)
    span.end()
    (ended,) = traced.spans()
    assert (ended.name, ended.attributes["roomlog.offset"]) == ("project", 9)
    assert ended.context.trace_id == uuid.UUID(EVENT).int


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        f"00-{'0' * 32}-{'1' * 16}-01",
        f"00-{'1' * 32}-{'0' * 16}-01",
        f"01-{'1' * 32}-{'1' * 16}-01",
    ],
)
def test_what_is_no_context_is_not_followed(text):
    assert not is_context(text)
    assert traceparent([(TRACEPARENT, text.encode())]) is None
