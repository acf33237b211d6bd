"""Fan-out: each node gets what concerns it, once, with ranges that leave no gap unseen."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from roomlog.deliveries import Range
from roomlog.events import ChatEvent, MessagePosted
from schemas import files
from schemas.codec import chat_event_codec
from schemas.wire import event_id
from streams.fanout import examine, progress, take
from streams.tables import RECENT_EVENTS, Partition, Recent

A, B = "room-a", "room-b"


def value(event: str = "e", pad: bytes = b"") -> bytes:
    return b"\0\0\0\0\7" + bytes([72]) + event.ljust(36, ".").encode() + pad


def record(offset, room=A, event=None, data=None):
    data = value(event or f"e{offset}") if data is None else data
    return SimpleNamespace(
        offset=offset, key=room.encode() if room else None, value=data, headers=()
    )


def partition(**rooms):
    """A partition in which these nodes (names separated by blanks) listen to these rooms."""
    made = Partition(3)
    for room, nodes in rooms.items():
        for node in nodes.split():
            found = made.room(room.replace("_", "-"))
            made.attach(node, found, {})
    return made


def ranges(part):
    return {node: (r.start, r.stop, [o for o, _, _ in r.records]) for node, r in take(part)}


def test_a_record_goes_to_the_nodes_of_its_room_and_to_no_other():
    part = partition(room_a="n1 n2", room_b="n2")
    examine(part, [record(10), record(11, B), record(12, "elsewhere")])
    assert ranges(part) == {"n1": (10, 13, [10]), "n2": (10, 13, [10, 11])}


def test_a_delivery_holds_offset_room_and_the_very_bytes():
    part = partition(room_a="n1")
    examine(part, [record(10, data=value("x", b"tail"))])
    assert list(take(part)) == [("n1", Range(3, 10, 11, [(10, A, value("x", b"tail"))]))]


def test_ranges_of_one_node_join_without_a_gap():
    part = partition(room_a="n1", room_b="n2")
    examine(part, [record(10)])
    assert ranges(part) == {"n1": (10, 11, [10])}
    examine(part, [record(11, B), record(12, B)])
    assert ranges(part) == {"n2": (10, 13, [11, 12])}
    examine(part, [record(13)])
    assert ranges(part) == {"n1": (11, 14, [13])}


def test_progress_tells_nodes_what_did_not_concern_them_and_only_once():
    part = partition(room_a="n1")
    examine(part, [record(10, B), record(11, B)])
    assert ranges(part) == {}
    assert [(n, r.start, r.stop, r.records) for n, r in progress(part)] == [("n1", 10, 12, [])]
    assert list(progress(part)) == []


def test_a_node_that_attaches_later_hears_from_where_the_worker_is():
    part = partition()
    examine(part, [record(10), record(11)])
    part.attach("n1", part.room(A), {})
    examine(part, [record(12)])
    assert ranges(part) == {"n1": (12, 13, [12])}


def test_records_examined_before_are_passed_over():
    part = partition(room_a="n1")
    examine(part, [record(10), record(11)])
    examine(part, [record(10), record(11), record(12)])
    examine(part, [record(11)])
    assert ranges(part) == {"n1": (10, 13, [10, 11, 12])}


def test_a_hole_is_not_claimed_to_be_examined():
    part = partition(room_a="n1", room_b="n2")
    examine(part, [record(10)])
    examine(part, [record(20)])
    assert ranges(part) == {"n1": (20, 21, [20])}
    assert [(n, r.start, r.stop) for n, r in progress(part)] == [("n2", 20, 21)]


def test_a_repeated_event_is_delivered_once_even_if_nobody_listened_to_the_first():
    part = partition()
    examine(part, [record(10, event="same")])
    part.attach("n1", part.room(A), {})
    examine(part, [record(11, event="same"), record(12, event="same"), record(13)])
    assert ranges(part) == {"n1": (11, 14, [13])}


def test_what_cannot_be_an_event_is_skipped():
    part = partition(room_a="n1")
    bad = [record(1, room=""), record(2, data=b""), record(3, data=value()[:-1]), record(4)]
    bad[1].value = None
    examine(part, bad)
    assert ranges(part) == {"n1": (1, 5, [4])}


def test_a_node_that_detached_gets_nothing_more():
    part = partition(room_a="n1 n2")
    examine(part, [record(10)])
    part.detach("n1", part.rooms[A.encode()])
    examine(part, [record(11)])
    assert ranges(part) == {"n2": (10, 12, [10, 11])}
    assert list(progress(part)) == []


def test_the_event_id_is_found_in_what_the_codec_writes():
    codec = chat_event_codec(7, {7: files.current(ChatEvent.SUBJECT)})
    event = ChatEvent("e" * 36, "r", "", "s", "k", 1, "n", MessagePosted("hello"))
    assert event_id(codec.encode(event)) == b"e" * 36


def test_event_ids_of_any_length_are_read():
    assert event_id(b"\0\0\0\0\7\4ab") == b"ab"
    assert event_id(b"\0\0\0\0\7" + b"\xc8\x01" + b"x" * 100) == b"x" * 100
    assert event_id(b"\0\0\0\0\7\3ab") == b""
    assert event_id(b"\0\0") == b""


def test_recent_forgets_the_oldest_and_stays_bounded():
    recent = Recent()
    ids = [str(n).encode() for n in range(RECENT_EVENTS * 3)]
    assert not any(recent.seen(i) for i in ids)
    assert all(recent.seen(i) for i in ids[-RECENT_EVENTS:])
    assert not recent.seen(ids[0])


@given(st.data())
def test_a_node_can_rebuild_its_rooms_from_ranges_alone(data):
    """Whatever batches come, re-reads included: ranges join, and hold each record of the room once."""
    part = partition(room_a="n1", room_b="n2")
    log = [record(o, data.draw(st.sampled_from([A, B, "c"]))) for o in range(30)]
    got, at, expected_start = [], 0, 0
    while at < len(log):
        begin = data.draw(st.integers(0, at))
        at = data.draw(st.integers(at + 1, len(log)))
        examine(part, log[begin:at])
        parts = list(take(part)) if data.draw(st.booleans()) else []
        parts += [] if part.pending else list(progress(part))
        for node, r in parts:
            if node == "n1":
                assert r.start == expected_start
                expected_start = r.stop
                got += [o for o, _, _ in r.records]
    got += [o for n, r in take(part) if n == "n1" for o, _, _ in r.records]
    assert got == [r.offset for r in log if r.key == A.encode()]
