import pytest

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    Body,
    ChatEvent,
    FirstMember,
    MemberInvited,
    MemberJoined,
    MemberLeft,
    MemberRemoved,
    MemberRoleChanged,
    MessagePosted,
    RoomCreated,
    RoomRenamed,
)
from roomlog.members import decide_join, decide_leave
from roomlog.messages import decide_post
from roomlog.protocol.commands import CreateRoom, JoinRoom, LeaveRoom, PostMessage
from roomlog.rooms import Room, decide_create, fold, fold_plain, room_of

ROOM = ids.new_id()
ALICE, BOB, EVE = (ids.new_id() for _ in range(3))


def sent(sender: str, body: Body) -> ChatEvent:
    return ChatEvent("e", ROOM, "", sender, "k", 0, "n1", body)


def room_after(*bodies: Body) -> Room:
    room = Room(ROOM)
    for offset, body in enumerate(bodies):
        assert fold(room, sent(ALICE, body), offset)
    return room


def created(kind="public"):
    return RoomCreated(
        "tea", kind, members=(FirstMember(ALICE, "owner"), FirstMember(BOB, "member"))
    )


def post(text="hi", **more):
    return PostMessage(id=1, key="k", room=ROOM, text=text, **more)


def refusal(call, *args):
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value.code


def test_members_follow_the_log():
    room = room_after(
        created(),
        MemberJoined(EVE),
        MemberRoleChanged(EVE, "moderator"),
        MemberLeft(BOB),
        RoomRenamed("coffee"),
    )
    assert room.members == {ALICE: "owner", EVE: "moderator"}
    assert (room.name, room.last_offset) == ("coffee", 4)


def test_a_repeated_offset_changes_nothing():
    room = room_after(created(), MemberRemoved(BOB))
    fold(room, ChatEvent("e", ROOM, "", ALICE, "k", 0, "n1", MemberJoined(BOB)), 1)
    assert BOB not in room.members


def test_an_invited_owner_stays_owner_and_a_room_begins_once():
    room = room_after(created(), MemberInvited(ALICE), RoomCreated("other", "private"))
    assert room.members[ALICE] == "owner"
    assert room.kind == "public"


def test_a_member_may_post():
    assert decide_post(room_after(created()), BOB, post()) == MessagePosted("hi")


def test_a_stranger_is_told_to_join_a_public_room_and_nothing_of_a_private_one():
    assert refusal(decide_post, room_after(created()), EVE, post()) is ErrorCode.NOT_A_MEMBER
    private = room_after(created("private"))
    assert refusal(decide_post, private, EVE, post()) is ErrorCode.NO_SUCH_ROOM
    assert refusal(decide_post, Room(ROOM), EVE, post()) is ErrorCode.NO_SUCH_ROOM


def test_a_removed_member_may_not_post():
    room = room_after(created(), MemberRemoved(BOB))
    assert refusal(decide_post, room, BOB, post()) is ErrorCode.NOT_A_MEMBER


@pytest.mark.parametrize("command", [post(" \n"), post(reply_to="not-an-id")])
def test_an_empty_text_and_a_foreign_reply_are_refused(command):
    assert refusal(decide_post, room_after(created()), BOB, command) is ErrorCode.BAD_REQUEST


def test_creating_names_the_creator_owner_and_each_member_once():
    command = CreateRoom(id=1, key="k", name="tea", kind="public", members=(BOB, ALICE, BOB))
    assert decide_create(ALICE, command) == created()


@pytest.mark.parametrize(
    ("kind", "members", "name"),
    [
        ("direct", (), "x"),
        ("direct", (BOB, EVE), "x"),
        ("public", ("bob",), "x"),
        ("public", (), " "),
    ],
)
def test_rooms_that_cannot_be(kind, members, name):
    command = CreateRoom(id=1, key="k", name=name, kind=kind, members=members)
    assert refusal(decide_create, ALICE, command) is ErrorCode.BAD_REQUEST


def test_a_direct_room_is_the_same_whoever_opens_it():
    from_alice = CreateRoom(id=1, key="1", name="x", kind="direct", members=(BOB,))
    from_bob = CreateRoom(id=1, key="2", name="y", kind="direct", members=(ALICE, BOB))
    assert room_of(ALICE, from_alice) == room_of(BOB, from_bob)


def test_joining_and_leaving_twice_leads_to_one_fact():
    room = room_after(created())
    join, leave = JoinRoom(id=1, key="k", room=ROOM), LeaveRoom(id=1, key="k", room=ROOM)
    assert decide_join(room, EVE, join) == MemberJoined(EVE)
    assert decide_join(room, BOB, join) is None
    assert decide_leave(room, BOB, leave) == MemberLeft(BOB)
    assert decide_leave(room, EVE, leave) is None


def test_a_private_room_cannot_be_joined_or_seen():
    private = room_after(created("private"))
    assert refusal(decide_join, private, EVE, JoinRoom(id=1, key="k", room=ROOM)) is (
        ErrorCode.NO_SUCH_ROOM
    )
    assert refusal(decide_leave, private, EVE, LeaveRoom(id=1, key="k", room=ROOM)) is (
        ErrorCode.NO_SUCH_ROOM
    )


def test_what_the_removed_do_takes_no_effect_until_they_are_back():
    room = room_after(created(), MemberRemoved(BOB))
    assert not fold(room, sent(BOB, RoomRenamed("mine")), 2)
    assert not fold(room, sent(BOB, MemberInvited(EVE)), 3)
    assert not fold_plain(room, BOB, 4)
    assert (room.name, room.members, room.last_offset) == ("tea", {ALICE: "owner"}, 1)
    assert fold(room, sent(BOB, MemberJoined(BOB)), 5)
    assert fold_plain(room, BOB, 6)
    assert room.void == {2, 3, 4}
    assert room.joined == {ALICE: 0, BOB: 5}


def test_a_membership_counts_from_where_it_began():
    room = room_after(created(), MemberJoined(EVE), MemberInvited(EVE), MemberLeft(BOB))
    assert room.joined == {ALICE: 0, EVE: 1}
