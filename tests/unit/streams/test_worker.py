"""The worker's own rules about partitions: when a table begins anew, and where signals are read from."""

import asyncio
from types import SimpleNamespace

from roomlog import ids
from roomlog.events import ChatEvent, MessagePosted
from roomlog.signals import ChatSignal
from roomlog.tracing import TRACEPARENT
from schemas import files
from schemas.codec import chat_event_codec, chat_signal_codec
from streams.valkey import Valkey
from streams.worker import Worker
from tests.spans import Traced


def worker(*numbers, tracing=None):
    codec = chat_signal_codec(1, {1: files.current(ChatSignal.SUBJECT)})
    # The client connects when it is first used; nothing here uses it.
    made = Worker(Valkey("redis://127.0.0.1:1/0"), codec, lambda: 0.0, tracing)
    made.assign(set(numbers))
    return made


async def test_new_partitions_read_signals_from_the_end_and_kept_ones_go_on():
    w = worker(1, 2)
    assert w.signals_from({1: 50, 2: None}) == {1: None, 2: None}
    w.partitions[1].signals_next = 70
    w.assign({1, 3})
    assert w.signals_from({1: 60, 3: 5}) == {1: 70, 3: None}


async def test_a_partition_that_another_worker_had_meanwhile_begins_anew():
    w = worker(1)
    old = w.partitions[1]
    old.signals_next = 70
    assert w.signals_from({1: 71}) == {1: None}
    assert w.partitions[1] is not old


async def test_a_worker_is_ready_once_every_partition_has_its_position():
    w = worker()
    assert w.waits_for() is None
    w.assign({1})
    assert "positions" in w.waits_for()
    w.partitions[1].signals_next = 0
    assert w.waits_for() is None


async def test_a_traced_record_has_a_span_that_ends_with_an_error_where_nothing_is_published():
    traced = Traced()
    w = worker(1, tracing=traced.tracing)
    context = traced.tracing.root("receive", "server", ids.derived_id("e")).context
    event = ChatEvent(ids.derived_id("e"), "r", "", "s", "k", 0, "n", MessagePosted("x"))
    value = chat_event_codec(1, {1: files.current(ChatEvent.SUBJECT)}).encode(event)
    record = SimpleNamespace(
        topic="chat.events",
        partition=1,
        offset=5,
        key=b"r",
        value=value,
        headers=((TRACEPARENT, context.encode()),),
    )
    await w.on_events([(1, [record])], lambda: None)
    assert traced.names() == []
    await w.start_fresh({1: 0})  # asks nodes, which cannot be published here
    publishing = asyncio.ensure_future(w.publish_loop())
    async with asyncio.timeout(5):
        while not traced.names():
            await asyncio.sleep(0.01)
    publishing.cancel()
    (span,) = traced.spans()
    assert (span.name, span.attributes["roomlog.offset"]) == ("fan out", 5)
    assert span.status.description == "Valkey did not take it"
