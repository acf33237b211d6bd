"""What records change in the search index, whether they are read one by one or many at once."""

from hypothesis import given
from hypothesis import strategies as st

from projector.batch import Place
from projector.changed import Changed, add_records
from projector.posts import PAYS_FROM
from roomlog import ids
from roomlog.events import (
    MemberJoined,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    RoomLanguageChanged,
    SealedText,
)
from roomlog.partitions import partition_of
from roomlog.topics import CHAT_EVENTS
from tests.projector_records import CHAT, Record, chat_event, chat_record

ROOM, ALICE, TARGET = (ids.derived_id(name) for name in ("room", "alice", "target"))
PLACE = Place(CHAT_EVENTS, partition_of(ROOM))
BODIES = [
    MessagePosted("plain"),
    MessagePosted("answers", TARGET),
    MessagePosted("named", None, (ALICE,)),
    MessagePosted(SealedText("k", b"n", b"c")),
    MessageEdited(TARGET, "better"),
    MessageDeleted(TARGET),
    RoomLanguageChanged("en"),
    MemberJoined(ALICE),
]


def changed_by(records):
    changed = Changed()
    add_records(changed, {PLACE: records}, CHAT)
    return changed


@given(st.lists(st.sampled_from([*BODIES, None]), min_size=1, max_size=20))
def test_many_records_change_what_they_change_one_by_one(bodies):
    some = bodies * -(-PAYS_FROM // len(bodies))
    records = [
        Record(CHAT_EVENTS, PLACE.partition, offset, b"garbage")
        if body is None
        else chat_record(chat_event(ROOM, ALICE, body), offset)
        for offset, body in enumerate(some)
    ]
    at_once, one_by_one = changed_by(records), Changed()
    for record in records:
        add_records(one_by_one, {PLACE: [record]}, CHAT)
    assert at_once.messages.keys() == one_by_one.messages.keys()
    assert (at_once.rooms, at_once.ends) == (one_by_one.rooms, one_by_one.ends)


def test_an_event_whose_id_is_none_changes_nothing():
    odd = [chat_record(chat_event(ROOM, ALICE, MessagePosted("a"), event_id="nobody"), 0)]
    assert not changed_by(odd * PAYS_FROM).messages
