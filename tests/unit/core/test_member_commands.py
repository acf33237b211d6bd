from datetime import UTC, datetime

import pytest

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    MemberInvited,
    MemberLeft,
    MemberRemoved,
    MemberRoleChanged,
    RoomLanguageChanged,
    RoomRenamed,
    RoomTopicChanged,
)
from roomlog.members import decide_leave, decide_on_member
from roomlog.protocol.commands import ChangeRole, InviteMember, LeaveRoom, RemoveMember, RenameRoom
from roomlog.protocol.decoding import decode_command
from roomlog.room_settings import decide_rename
from roomlog.rooms import Room

ROOM = ids.new_id()
OWNER, MODERATOR, ALICE, BOB, EVE = (ids.new_id() for _ in range(5))
COMMON = {"id": 1, "key": "k", "room": ROOM}


def room(kind="private", **more):
    members = {OWNER: "owner", MODERATOR: "moderator", ALICE: "member", BOB: "member"}
    return Room(ROOM, kind, "tea", {**members, **more}, exists=True)


def invite(user):
    return InviteMember(**COMMON, user=user)


def kick(user):
    return RemoveMember(**COMMON, user=user)


def role(user, role):
    return ChangeRole(**COMMON, user=user, role=role)


def refusal(decide, *args):
    with pytest.raises(Refused) as caught:
        decide(*args)
    return caught.value.code


def test_who_moderates_invites_into_a_private_room():
    for sender in (OWNER, MODERATOR):
        assert decide_on_member(room(), sender, invite(EVE)) == MemberInvited(EVE)
    assert refusal(decide_on_member, room(), ALICE, invite(EVE)) is ErrorCode.FORBIDDEN
    assert refusal(decide_on_member, room(), EVE, invite(EVE)) is ErrorCode.NO_SUCH_ROOM


def test_any_member_invites_into_a_public_room():
    assert decide_on_member(room("public"), ALICE, invite(EVE)) == MemberInvited(EVE)
    assert refusal(decide_on_member, room("public"), EVE, invite(EVE)) is ErrorCode.NOT_A_MEMBER


def test_inviting_a_member_or_removing_a_stranger_changes_nothing():
    assert decide_on_member(room(), OWNER, invite(BOB)) is None
    assert decide_on_member(room(), OWNER, kick(EVE)) is None


def test_who_moderates_removes_but_a_moderator_no_owner():
    for sender in (OWNER, MODERATOR):
        assert decide_on_member(room(), sender, kick(BOB)) == MemberRemoved(BOB)
    assert refusal(decide_on_member, room(), ALICE, kick(BOB)) is ErrorCode.FORBIDDEN
    assert refusal(decide_on_member, room(), MODERATOR, kick(OWNER)) is ErrorCode.FORBIDDEN
    assert refusal(decide_on_member, room(), OWNER, kick(OWNER)) is ErrorCode.BAD_REQUEST
    two = room(**{EVE: "owner"})
    assert decide_on_member(two, OWNER, kick(EVE)) == MemberRemoved(EVE)


def test_only_an_owner_changes_roles_and_the_last_one_stays():
    changed = decide_on_member(room(), OWNER, role(BOB, "owner"))
    assert changed == MemberRoleChanged(BOB, "owner")
    assert decide_on_member(room(), OWNER, role(BOB, "member")) is None
    for sender in (MODERATOR, ALICE):
        assert refusal(decide_on_member, room(), sender, role(BOB, "owner")) is ErrorCode.FORBIDDEN
    assert refusal(decide_on_member, room(), OWNER, role(OWNER, "member")) is ErrorCode.FORBIDDEN
    two = room(**{EVE: "owner"})
    stepped_down = decide_on_member(two, OWNER, role(OWNER, "member"))
    assert stepped_down == MemberRoleChanged(OWNER, "member")
    assert refusal(decide_on_member, two, OWNER, role(ids.new_id(), "member")) is (
        ErrorCode.BAD_REQUEST
    )


def test_the_last_owner_leaves_only_when_nobody_else_is_there():
    leave = LeaveRoom(**COMMON)
    assert refusal(decide_leave, room(), OWNER, leave) is ErrorCode.FORBIDDEN
    for sender in (MODERATOR, ALICE):
        assert decide_leave(room(), sender, leave) == MemberLeft(sender)
    assert decide_leave(room(**{EVE: "owner"}), OWNER, leave) == MemberLeft(OWNER)
    assert decide_leave(room("direct"), OWNER, leave) == MemberLeft(OWNER)
    alone = Room(ROOM, "public", "tea", {OWNER: "owner"}, exists=True)
    assert decide_leave(alone, OWNER, leave) == MemberLeft(OWNER)


def test_an_import_records_that_the_last_owner_left():
    then = LeaveRoom(**COMMON, at=datetime(2020, 1, 1, tzinfo=UTC))
    assert decide_leave(room(), OWNER, then) == MemberLeft(OWNER)


def test_the_two_of_a_direct_room_stay_as_they_are():
    for command in (invite(EVE), kick(BOB), role(BOB, "owner")):
        assert refusal(decide_on_member, room("direct"), OWNER, command) is ErrorCode.FORBIDDEN


def test_a_user_is_named_by_an_id():
    assert refusal(decide_on_member, room(), OWNER, invite("eve")) is ErrorCode.BAD_REQUEST


def test_who_moderates_renames():
    rename = RenameRoom(**COMMON, name="coffee")
    for sender in (OWNER, MODERATOR):
        assert decide_rename(room(), sender, rename) == RoomRenamed("coffee")
    assert refusal(decide_rename, room(), ALICE, rename) is ErrorCode.FORBIDDEN
    assert refusal(decide_rename, room(), EVE, rename) is ErrorCode.NO_SUCH_ROOM
    assert decide_rename(room(), OWNER, RenameRoom(**COMMON, topic="")) == RoomTopicChanged("")
    language = RenameRoom(**COMMON, language="en")
    assert decide_rename(room(), OWNER, language) == RoomLanguageChanged("en")


def test_a_rename_has_one_of_name_topic_and_language():
    several = {"name": "a", "topic": "b"}, {"topic": "b", "language": "en"}
    for fields in ({}, *several, {"name": " "}, {"language": "xx"}, {"language": ""}):
        wrong = RenameRoom(**COMMON, **fields)
        assert refusal(decide_rename, room(), OWNER, wrong) is ErrorCode.BAD_REQUEST


def test_an_unknown_role_is_refused_by_name():
    with pytest.raises(Refused, match="role"):
        decode_command(b'{"op":"role","id":1,"key":"k","room":"r","user":"u","role":"king"}')
