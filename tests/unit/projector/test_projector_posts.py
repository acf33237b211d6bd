"""Many records at once lead to the very batch that they lead to one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projector.batch import Batch, add_chat_events
from projector.posts import PAYS_FROM, plain_posts
from roomlog import ids
from roomlog.events import (
    Attachment,
    ChatEvent,
    FirstMember,
    MemberJoined,
    MemberLeft,
    MemberRoleChanged,
    MessagePosted,
    MessageReported,
    ReactionAdded,
    RoomCreated,
    RoomRenamed,
    SealedText,
)
from roomlog.partitions import partition_of
from roomlog.topics import CHAT_EVENTS
from tests.projector_records import CHAT, START, Record

ROOMS = [ids.derived_id("room", str(n)) for n in range(5)]
PEOPLE = [ids.derived_id("person", str(n)) for n in range(5)]
ODD_IDS = [
    "",
    "nobody",
    ROOMS[0] + "0",
    ROOMS[0].upper(),
    ROOMS[0].replace("-", ""),
    "g" + ROOMS[0][1:],
    "é" * 18,
]
ODD_TIMES = [-(2**62), -1, 0, 2**62]

ids_of_people = st.sampled_from(PEOPLE * 4 + ODD_IDS)
texts = st.sampled_from(["", "hello", "a\0b", "é☃\n", "x" * 63, "x" * 64, "☃" * 3_000]) | st.text()
replies = st.none() | ids_of_people
posts = st.builds(MessagePosted, texts, replies)
others = st.one_of(
    st.builds(MemberJoined, ids_of_people),
    st.builds(MemberLeft, ids_of_people),
    st.builds(MemberRoleChanged, ids_of_people, st.sampled_from(["owner", "member", "king"])),
    st.builds(RoomRenamed, texts),
    st.builds(ReactionAdded, ids_of_people, texts),
    st.builds(MessageReported, ids_of_people, texts),
    st.just(RoomCreated("r", "public", "", (FirstMember(PEOPLE[0], "owner"),))),
    st.just(MessagePosted("named", None, (PEOPLE[1],))),
    st.just(MessagePosted("with file", None, (), (Attachment(PEOPLE[1], "f", "text/plain", 1),))),
    st.just(MessagePosted(SealedText("k", b"n", b"c"))),
)
events = st.builds(
    ChatEvent,
    event_id=st.uuids().map(str) | st.sampled_from(PEOPLE + ODD_IDS),
    room_id=st.sampled_from(ROOMS * 4 + ODD_IDS),
    workspace_id=st.sampled_from(["", "", "w", "é"]),
    sender_id=ids_of_people,
    key=st.uuids().map(str) | st.text(max_size=40),
    occurred_at=st.integers(START, START + 10**6) | st.sampled_from(ODD_TIMES),
    node=st.sampled_from(["n1", "n1", "é"]),
    body=posts | posts | others,
    via=st.none() | st.text(max_size=3),
    trace=st.none() | st.text(max_size=3),
)
damage = st.none() | st.none() | st.tuples(st.integers(0, 400), st.binary(max_size=3))


def record_of(offset: int, event: ChatEvent, harm: tuple[int, bytes] | None, moved: int) -> Record:
    value = CHAT.encode(event)
    if harm is not None:
        at = min(harm[0], len(value))
        value = value[:at] + harm[1] + value[at + len(harm[1]) :]
    return Record(CHAT_EVENTS, (partition_of(event.room_id) + moved) % 24, offset, value)


records = st.lists(
    st.tuples(events, damage, st.sampled_from([0] * 9 + [1])), min_size=1, max_size=20
).map(lambda some: [record_of(n, *each) for n, each in enumerate(some)])


def batch_at_once(some, refused=None):
    batch = Batch()
    add_chat_events(batch, some, CHAT, 0, refused)
    return batch


def batch_one_by_one(some, refused=None):
    batch = Batch()
    for record in some:
        add_chat_events(batch, [record], CHAT, 0, refused)
    return batch


def assert_same(one, other):
    assert list(one.messages.items()) == list(other.messages.items())
    assert list(one.facts.items()) == list(other.facts.items())
    assert one.touched() == other.touched()
    void = {(room, touch.offset) for room, touch in other.touched().items()}
    assert one.touched(void) == other.touched(void)
    assert one.dead == other.dead
    assert one.events == other.events


@given(records, st.sets(st.integers(0, 19)))
def test_many_records_lead_to_the_same_batch_at_once_as_one_by_one(some, refused_offsets):
    refused = {
        (CHAT_EVENTS, r.partition, r.offset): "no" for r in some if r.offset in refused_offsets
    }
    many = some * -(-PAYS_FROM // len(some))
    assert_same(batch_at_once(many, refused), batch_one_by_one(many, refused))


def test_plain_messages_are_taken_and_no_others():
    at = {"workspace_id": "", "sender_id": PEOPLE[0], "key": "k", "occurred_at": START, "node": "n"}
    bodies = [MessagePosted("a"), MemberJoined(PEOPLE[0]), MessagePosted("b", PEOPLE[1])]
    values = [CHAT.encode(ChatEvent(PEOPLE[2], ROOMS[0], body=body, **at)) for body in bodies]
    home = partition_of(ROOMS[0])
    found = plain_posts(CHAT.columns, CHAT.columns.decode(values), [home] * 3, [7, 8, 9])
    assert (found.places, found.offsets, found.times) == ([0, 2], [7, 9], [START, START])
    assert (found.rooms, found.senders) == ([ROOMS[0]] * 2, [PEOPLE[0]] * 2)


PLAIN = ChatEvent(
    ids.new_id(), ROOMS[0], "", PEOPLE[0], "key", START, "n1", MessagePosted("text", ids.new_id())
)


@pytest.mark.parametrize(
    "odd",
    [
        *({name: text} for name in ("event_id", "room_id", "sender_id") for text in ODD_IDS),
        *({"occurred_at": at} for at in ODD_TIMES),
        *({"body": MessagePosted("text", text)} for text in ODD_IDS),
        *({"body": MessagePosted(text)} for text in ("a\0b", "☃", "", "x" * 100_000)),
    ],
    ids=str,
)
def test_one_odd_event_among_many_comes_to_the_same(odd):
    fields = {name: getattr(PLAIN, name) for name in PLAIN.__struct_fields__}
    event = ChatEvent(**{**fields, **odd})
    some = [record_of(n, event if n == 9 else PLAIN, None, 0) for n in range(PAYS_FROM)]
    assert_same(batch_at_once(some), batch_one_by_one(some))


@pytest.mark.parametrize("byte", [0, 1, 0x48, 0x7F, 0x80, 0xFF])
def test_whichever_byte_is_damaged_it_comes_to_the_same(byte):
    size = len(CHAT.encode(PLAIN))
    some = [record_of(n, PLAIN, (n, bytes([byte])), 0) for n in range(size)]
    assert_same(batch_at_once(some), batch_one_by_one(some))


def test_an_event_in_another_partition_costs_only_itself():
    some = [record_of(n, PLAIN, None, moved=int(n == 9)) for n in range(PAYS_FROM)]
    assert [letter.offset for letter in batch_at_once(some).dead] == [9]
    assert_same(batch_at_once(some), batch_one_by_one(some))
