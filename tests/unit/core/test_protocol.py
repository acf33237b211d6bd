import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import ChatEvent, MemberJoined, MessagePosted, SealedText
from roomlog.protocol.commands import PostMessage
from roomlog.protocol.decoding import command_id, decode_command
from roomlog.protocol.event_frames import event_frame, timestamp

SEND = {"op": "send", "id": 1, "room": "r", "key": "k", "text": "hi"}


def line(**changes):
    return json.dumps({**SEND, **changes}, separators=(",", ":")).encode()


def refusal(data):
    with pytest.raises(Refused) as caught:
        decode_command(data)
    return caught.value


def test_a_send_is_read_however_it_is_spaced():
    wanted = PostMessage(id=1, room="r", key="k", text='a ":" b')
    assert decode_command(line(text='a ":" b')) == wanted
    assert decode_command(json.dumps({**SEND, "text": 'a ":" b'}, indent=1).encode()) == wanted


TEXTS = st.text(st.sampled_from('a"\\\n:,é\0'), max_size=8)


@given(TEXTS, TEXTS, st.none() | TEXTS, st.sampled_from(["id", "room", "key", "text", None]))
def test_a_name_that_occurs_twice_and_a_nul_are_found_whatever_the_texts_are(
    room, text, reply_to, again
):
    fields = {**SEND, "room": room, "text": text, "reply_to": reply_to}
    twice = [(again, fields[again])] if again is not None else []
    members = [f"{json.dumps(k)}:{json.dumps(v)}" for k, v in [*fields.items(), *twice]]
    data = "{" + ",".join(members) + "}"
    if again is not None or "\0" in f"{room}{text}{reply_to}":
        assert refusal(data.encode()).code is ErrorCode.BAD_REQUEST
    else:
        assert decode_command(data.encode()).text == text


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (line(foo=1), "foo"),
        (line(text="a\0"), "text"),
        (line(id=2**53), "id"),
        (line(id=1.5), "id"),
        (line(key="k k"), "key"),
        (line(at="2020-01-01T00:00:00"), "at"),
        (line(op="shout"), "op"),
        (line()[:-1] + b',"text":"b"}', "text"),
        (line()[:-1] + b',"text" :"b"}', "text"),
        (line()[:-1] + b',"id":2}', "id"),
        (line(text="\\" * 4)[:-1] + b',"text":"b"}', "text"),
        (line(reply_to=None)[:-1] + b',"reply_to":"b"}', "reply_to"),
        (line(mentions=["a", "b"])[:-1] + b',"mentions":[]}', "mentions"),
        (line()[:-1] + b',"text"\n:"b"}', "text"),
    ],
)
def test_a_refusal_names_the_field(data, field):
    refused = refusal(data)
    assert refused.code is ErrorCode.BAD_REQUEST
    assert field in refused.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"null",
        b"[" * 100_000,
        b'{"op":"ping","id":NaN}',
        b'{"op":"ping","x":' + b"[" * 100_000,
        b'{"op":"ping","id":' + b"9" * 5_000 + b"}",
        line(text="\ud800"),
    ],
)
def test_what_is_no_command_is_a_bad_request(data):
    assert refusal(data).code is ErrorCode.BAD_REQUEST
    assert command_id(data) in (None, 1)


@pytest.mark.parametrize(
    "data", [b"\xff", b'{"op":"send","id":1,"room":"r","key":"k","text":"\xff"}']
)
def test_what_is_no_text_is_told_apart(data):
    with pytest.raises(UnicodeDecodeError):
        decode_command(data)


def test_a_long_text_is_too_large():
    assert decode_command(line(text="é" * 8_000))
    assert refusal(line(text="é" * 8_001)).code is ErrorCode.TOO_LARGE


def test_the_id_of_an_unreadable_command_is_found_where_there_is_one():
    assert command_id(line(text=5)) == 1
    assert command_id(b'{"id":true}') is None
    assert command_id(b'{"id":-1}') is None


@given(st.text(), st.text(), st.integers(0, 4 * 10**15))
def test_an_event_frame_is_json_whatever_the_log_holds(key, text, micros):
    event = ChatEvent("e", "r", "", "s", key, micros, "n", MessagePosted(text))
    frame = json.loads(event_frame(event, "1:2", "1:1"))
    assert (frame["key"], frame["d"]) == (key, {"text": text})
    assert frame["ts"] == timestamp(micros)


def test_details_use_the_names_that_clients_know():
    event = ChatEvent("e", "r", "", "s", "k", 0, "n", MemberJoined("u"))
    assert json.loads(event_frame(event, "1:0", "1:-1"))["d"] == {"user": "u"}
    sealed = MessagePosted(SealedText("k1", b"n", b"c"), reply_to="x")
    event = ChatEvent("e", "r", "", "s", "k", 0, "n", sealed)
    details = json.loads(event_frame(event, "1:0", "1:-1"))["d"]
    assert set(details["text"]["sealed"]) == {"key_id", "nonce", "ciphertext"}
    assert details["reply_to"] == "x"


def test_times_have_milliseconds():
    assert timestamp(1_767_323_045_678_999) == "2026-01-02T03:04:05.678Z"
    assert timestamp(0) == "1970-01-01T00:00:00.000Z"
    assert timestamp(-1) == "1969-12-31T23:59:59.999Z"


def test_the_struct_of_a_send_has_the_fields_that_are_counted():
    names = {f.encode_name for f in msgspec.structs.fields(PostMessage)}
    assert names == {"id", "room", "key", "text", "reply_to", "attachments", "mentions", "as", "at"}
    assert ids.is_id(ids.new_id())
