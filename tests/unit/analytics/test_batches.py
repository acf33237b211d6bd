"""The fast way from bytes to rows against the careful one, whatever the bytes are."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.batches import Extractor
from analytics.rows import SCHEMA, row_of, rows_of
from analytics.selection import Selection
from roomlog.events import ChatEvent, MemberJoined, MessagePosted
from roomlog.ids import new_id
from roomlog.kafka import Chunk
from schemas.codec import PoisonRecord, chat_event_codec
from tests.unit.analytics.events import RESOLVED, chat_events

CODEC = chat_event_codec(*RESOLVED)
OLDER = chat_event_codec(5, RESOLVED.schemas)

damaged = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda event, at, byte: _altered(CODEC.encode(event), at, byte),
        chat_events,
        st.integers(0, 400),
        st.integers(0, 255),
    ),
    st.builds(lambda event, n: CODEC.encode(event)[:n], chat_events, st.integers(0, 300)),
    st.builds(lambda event: CODEC.encode(event) + b"\0", chat_events),
)
records = st.one_of(
    st.builds(CODEC.encode, chat_events), st.builds(OLDER.encode, chat_events), damaged
)


def _altered(data, at, byte):
    at %= len(data)
    return data[:at] + bytes([byte]) + data[at + 1 :]


def chunk_of(values):
    return Chunk(3, list(range(100, 100 + len(values))), values, 100 + len(values))


def extract(values, selection=Selection(), distinct=False):  # noqa: B008  # frozen
    poison = []
    extractor = Extractor(RESOLVED, selection, distinct, poison.append)
    batch = extractor.rows(chunk_of(values))
    assert batch.schema == SCHEMA
    batch.validate(full=True)
    return rows_of(batch), poison, extractor


@given(st.lists(records, max_size=12))
@settings(max_examples=60, deadline=None)
def test_fast_and_careful_agree_on_any_bytes(values):
    rows, poison, _ = extract(values)
    expected, reasons = [], []
    for offset, value in enumerate(values, start=100):
        try:
            expected.append(row_of(CODEC.decode(value), 3, offset))
        except PoisonRecord as error:
            reasons.append((offset, str(error)))
    assert rows == expected
    assert [(p.offset, p.reason) for p in poison] == reasons


def post(text, room, at=0, kind=MessagePosted, workspace="", codec=CODEC):
    sender = new_id()
    body = MessagePosted(text) if kind is MessagePosted else MemberJoined(sender)
    return codec.encode(ChatEvent(new_id(), room, workspace, sender, "k", at, "n1", body))


def test_a_selection_takes_only_its_rows():
    tea, milk = new_id(), new_id()
    values = [
        post("early", tea, 1),
        post("elsewhere", milk, 5),
        post("", tea, 5, MemberJoined),
        post("this", tea, 5),
        post("late", tea, 9),
    ]
    chosen = Selection(frozenset([tea]), frozenset(["MessagePosted"]), 2, 9)
    rows, _, _ = extract(values, chosen)
    assert [r.text for r in rows] == ["this"]


def test_a_workspace_is_its_own_events_and_no_others():
    room, acme, rival = new_id(), new_id(), new_id()
    values = [
        post("acme's", room, workspace=acme),
        post("rival's", room, workspace=rival),
        post("acme's, the careful way", room, workspace=acme, codec=OLDER),
        post("rival's, the careful way", room, workspace=rival, codec=OLDER),
        post("everybody's", room),
    ]
    texts = {
        workspace: [
            row.text for row in extract(values, Selection(workspaces=frozenset([workspace])))[0]
        ]
        for workspace in (acme, "", new_id())
    }
    assert list(texts.values()) == [["acme's", "acme's, the careful way"], ["everybody's"], []]


def test_a_repeated_event_is_one_row_also_over_chunks():
    room = new_id()
    one, two = post("one", room), post("two", room)
    rows, _, extractor = extract([one, two, one, one], distinct=True)
    assert [r.text for r in rows] == ["one", "two"]
    more = rows_of(extractor.rows(Chunk(3, [104, 105], [two, post("three", room)], 106)))
    assert [r.text for r in more] == ["three"]
    assert extractor.repeats == 3


def test_rows_are_in_log_order_when_some_take_the_careful_way():
    room = new_id()
    event = ChatEvent(new_id(), room, "", new_id(), "k", 3, "n1", MessagePosted("old"))
    values = [post("a", room), OLDER.encode(event), post("b", room)]
    rows, _, _ = extract(values)
    assert [(r.offset, r.text) for r in rows] == [(100, "a"), (101, "old"), (102, "b")]


def test_no_records_are_no_rows():
    assert extract([])[0] == []


def test_a_text_that_is_no_utf8_poisons_only_itself():
    room = new_id()
    bad = post("XYZ", room).replace(b"XYZ", b"X\xffZ")
    rows, poison, _ = extract([post("a", room), bad, post("b", room)])
    assert [r.text for r in rows] == ["a", "b"]
    assert [p.offset for p in poison] == [101]
    assert isinstance(rows[0].body, str)
    assert pa.scalar(rows[0].body).as_py() == '{"text":"a"}'
