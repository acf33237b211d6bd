from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from projector.batch import Message
from projector.counters import LastDays, hours, marks
from roomlog.readmodels.tables import DAY_MICROS, HOUR_MICROS

messages = st.lists(
    st.builds(
        Message,
        st.sampled_from("rs"),
        st.integers(0, 9),
        st.just(b""),
        st.sampled_from("abc"),
        st.integers(-3, 3).map(lambda n: n * HOUR_MICROS * 11),
    )
)


def message(offset, room="r"):
    return Message(room, offset, b"", "a", 0)


@given(messages)
def test_every_message_counts_in_its_hour(some):
    expected = Counter((m.room_id, m.at // HOUR_MICROS) for m in some)
    assert hours(some, Counter(m.room_id for m in some)) == expected


@given(st.lists(messages))
def test_days_are_written_once_and_only_go_forward(batches):
    days, stored, writes = LastDays(), {}, []
    for batch in batches:
        later = days.later(batch)
        days.note(later)
        writes += later.items()
        stored |= later
    seen = [m for batch in batches for m in batch]
    keys = {(m.room_id, m.sender_id) for m in seen}
    newest = {
        key: max(m.at // DAY_MICROS for m in seen if (m.room_id, m.sender_id) == key)
        for key in keys
    }
    assert stored == newest
    assert len(writes) == len(set(writes))


def test_marks_are_where_a_room_comes_past_a_thousand():
    some = [message(n) for n in range(10, 15)] + [message(1, "s")]
    assert marks({"r": 1_001}, some) == [("r", 1_000, 13)]
    assert marks({"r": 1_000}, some) == [("r", 1_000, 14)]
    assert marks({"r": 1_004}, some) == [("r", 1_000, 10)]
    many = [message(n) for n in range(2_500)]
    assert marks({"r": 2_600}, many) == [("r", 1_000, 899), ("r", 2_000, 1_899)]
    assert marks({}, many) == []
