import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomlog.events import ChatEvent, MemberJoined, MessagePosted, SealedText
from schemas import files
from schemas.codec import Codec, PoisonRecord, chat_event_codec

CODEC = chat_event_codec(7, {7: files.current("chat.events-value")})
texts = st.text(max_size=200)
maybe = st.none() | texts
posts = st.builds(
    ChatEvent,
    event_id=texts,
    room_id=texts,
    workspace_id=texts,
    sender_id=texts,
    key=texts,
    occurred_at=st.integers(-(2**63), 2**63 - 1),
    node=texts,
    body=st.builds(MessagePosted, text=texts | st.just("x" * 9_000), reply_to=maybe),
    via=maybe,
    trace=maybe,
)


@given(posts)
def test_a_plain_post_by_hand_is_what_fastavro_writes(event):
    data = CODEC.encode(event)
    assert data == Codec.encode(CODEC, event)
    assert CODEC.decode(data) == event
    assert CODEC.glance(data) == (event.event_id, "MessagePosted", event.sender_id)


@pytest.mark.parametrize("body", [MemberJoined("u"), MessagePosted(SealedText("k", b"n", b"c"))])
def test_other_records_take_the_long_way(body):
    event = ChatEvent("e", "r", "", "s", "k", 1, "n", body)
    data = CODEC.encode(event)
    assert CODEC.decode(data) == event
    assert CODEC.glance(data) == ("e", type(body).__name__, "s")


@pytest.mark.parametrize("data", [b"", b"\0\0\0\0\7", b"\0\0\0\0\7\x02", b"\0\0\0\0\x09abc", b"x"])
def test_poison_is_told_at_a_glance(data):
    with pytest.raises(PoisonRecord):
        CODEC.glance(data)
