import uuid

from hypothesis import given
from hypothesis import strategies as st

from roomlog import ids


@given(st.text(), st.text(), st.text())
def test_event_id_is_a_version_8_uuid_that_depends_on_nothing_else(sender, room, key):
    found = ids.event_id(sender, room, key)
    assert ids.is_id(found)
    assert uuid.UUID(found).version == 8
    assert uuid.UUID(found).variant == uuid.RFC_4122
    assert found == ids.event_id(sender, room, key)


def test_parts_do_not_run_into_each_other():
    assert ids.event_id("a", "bc", "d") != ids.event_id("ab", "c", "d")


def test_the_same_parts_name_different_things():
    assert ids.derived_id("room", "u", "k") == ids.room_id("u", "k")
    assert ids.room_id("u", "k") != ids.bridge_user_id("u", "k")


def test_two_people_share_one_direct_room():
    assert ids.direct_room_id("a", "b") == ids.direct_room_id("b", "a")


def test_only_the_canonical_form_is_an_id():
    one = ids.new_id()
    assert ids.is_id(one)
    assert not ids.is_id(one.upper())
    assert not ids.is_id(one.replace("-", ""))
    assert not ids.is_id(one + "\n")
    assert not ids.is_id("")
