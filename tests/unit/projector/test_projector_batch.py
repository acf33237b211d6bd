from projector.batch import Batch, Marker, Touch, add_reads, add_signals
from roomlog import ids
from roomlog.events import (
    FirstMember,
    MemberJoined,
    MessageEdited,
    MessagePosted,
    RoomCreated,
    RoomRenamed,
    SealedText,
)
from roomlog.reads import ReadEvent, ReadMarked
from roomlog.signals import ChatSignal, SessionsChanged, UserTyping
from roomlog.topics import CHAT_EVENTS, CHAT_READS, CHAT_SIGNALS
from schemas import files
from schemas.codec import read_event_codec
from tests.projector_records import (
    SIGNALS,
    START,
    Record,
    batch_of,
    chat_event,
    chat_record,
)

ROOM, ALICE, BOB = (ids.new_id() for _ in range(3))


def of(body, offset=3, **more):
    return chat_record(chat_event(ROOM, ALICE, body, **more), offset)


def test_a_message_becomes_a_row_and_the_rooms_newest_event():
    batch = batch_of(of(MessagePosted("hi"), 3))
    assert [m.room_id for m in batch.messages.values()] == [ROOM]
    assert batch.touched() == {ROOM: Touch(3, START)}
    assert batch.events == 1
    assert list(batch.ends.values()) == [4]


def test_of_two_messages_with_one_id_the_first_stays():
    event = chat_event(ROOM, ALICE, MessagePosted("hi"))
    once = batch_of(chat_record(event, 3))
    twice = batch_of(chat_record(event, 3), chat_record(event, 9))
    assert twice.messages == once.messages
    assert twice.touched()[ROOM].offset == 9


def test_what_has_no_effect_is_not_the_rooms_newest_event():
    batch = batch_of(*(of(MessagePosted("x"), offset) for offset in (3, 4, 5)))
    assert batch.touched({(ROOM, 3)})[ROOM].offset == 5
    assert batch.touched({(ROOM, 5), (ROOM, 4)})[ROOM].offset == 3
    assert batch.touched({(ROOM, 3), (ROOM, 4), (ROOM, 5)}) == {}


def test_other_events_become_facts_in_order_once_each():
    joined = chat_event(ROOM, BOB, MemberJoined(BOB))
    batch = batch_of(of(RoomRenamed("x"), 1), chat_record(joined, 2), chat_record(joined, 3))
    assert [(f.offset, type(f.body)) for f in batch.facts.values()] == [
        (1, RoomRenamed),
        (2, MemberJoined),
    ]


def test_a_sealed_edit_keeps_its_seal():
    sealed = SealedText("k", b"\0n", b"\xffc")
    batch = batch_of(of(MessageEdited(ids.new_id(), sealed)))
    assert [f.body.text for f in batch.facts.values()] == [sealed]


def dead(batch):
    return [(letter.kind, letter.reason) for letter in batch.dead]


def test_bytes_that_are_no_record_are_dead_and_touch_nothing():
    batch = batch_of(Record(CHAT_EVENTS, 0, 5, b"garbage"), Record(CHAT_EVENTS, 0, 6, None))
    assert [kind for kind, _ in dead(batch)] == ["undecodable", "undecodable"]
    assert not batch.touches
    assert batch.events == 2
    assert list(batch.ends.values()) == [7]


def test_what_postgres_cannot_hold_is_dead_but_was_the_rooms_newest_event():
    for body in (
        MessagePosted("a\0b"),
        MessagePosted("hi", reply_to="nobody"),
        RoomRenamed("a\0b"),
        MemberJoined("nobody"),
        RoomCreated("r", "public", members=(FirstMember("nobody", "owner"),)),
    ):
        batch = batch_of(of(body))
        assert [kind for kind, _ in dead(batch)] == ["inapplicable"], body
        assert batch.touched()[ROOM].offset == 3
        assert not batch.messages
        assert not batch.facts


def test_an_unknown_role_or_kind_is_dead():
    for body in (RoomCreated("r", "open"), MemberJoined(BOB, "king")):
        assert [kind for kind, _ in dead(batch_of(of(body)))] == ["inapplicable"]


def test_a_time_that_no_calendar_has_is_dead():
    assert dead(batch_of(of(MessagePosted("hi"), at=2**62)))[0][0] == "inapplicable"


def test_mentions_that_are_no_ids_cost_only_themselves():
    batch = batch_of(of(MessagePosted("hi", mentions=("x", BOB))))
    assert not batch.dead
    assert len(batch.messages) == 1


def test_an_event_in_the_wrong_partition_is_dead_and_touches_nothing():
    right = of(MessagePosted("hi"))
    wrong = Record(CHAT_EVENTS, (right.partition + 1) % 24, 3, right.value)
    batch = batch_of(wrong)
    assert dead(batch)[0][0] == "misplaced"
    assert not batch.touches


def test_an_event_that_postgres_refused_is_dead_with_its_reason():
    record = of(MessagePosted("hi"))
    batch = batch_of(record, refused={(CHAT_EVENTS, record.partition, 3): "too long"})
    assert dead(batch) == [("inapplicable", "too long")]
    assert batch.touched()[ROOM].offset == 3
    assert not batch.messages


def test_of_read_markers_the_furthest_stays_and_what_is_none_is_dead():
    codec = read_event_codec(1, {1: files.current(ReadEvent.SUBJECT)})
    marks = [(BOB, 3), (BOB, 7), (BOB, 5), (ALICE, 1), ("nobody", 9)]
    records = [
        Record(CHAT_READS, 0, n, codec.encode(ReadEvent(u, ROOM, START + n, "n", ReadMarked(at))))
        for n, (u, at) in enumerate(marks)
    ]
    batch = Batch()
    add_reads(batch, [*records, Record(CHAT_READS, 0, 9, b"x")], codec.decode_fields, START // 1000)
    assert batch.markers == {(BOB, ROOM): Marker(7, START + 1), (ALICE, ROOM): Marker(1, START + 3)}
    assert [kind for kind, _ in dead(batch)] == ["inapplicable", "undecodable"]


def test_of_signals_only_sessions_count_and_the_newest_state_stays():
    bodies = (SessionsChanged(BOB, "online"), UserTyping(ROOM, BOB), SessionsChanged(BOB, "away"))
    records = [
        Record(CHAT_SIGNALS, 0, n, SIGNALS.encode(ChatSignal("n1-1", START + n, body)))
        for n, body in enumerate(bodies)
    ]
    batch = Batch()
    bad = add_signals(
        batch, [*records, Record(CHAT_SIGNALS, 0, 9, b"garbage")], SIGNALS.decode_fields
    )
    assert batch.presence == {BOB: ("away", START + 2)}
    assert bad == 1
    assert not batch.dead
