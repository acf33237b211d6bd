"""Groups, archived and read-only rooms."""

import pytest

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    FirstMember,
    MemberInvited,
    MessageDeleted,
    ReactionAdded,
    RoomCreated,
    RoomRenamed,
    RoomSettingsChanged,
)
from roomlog.members import decide_join, decide_on_member
from roomlog.messages import decide_on_message, decide_post
from roomlog.protocol.commands import (
    AddReaction,
    ChangeSettings,
    CreateRoom,
    DeleteMessage,
    EditMessage,
    InviteMember,
    JoinRoom,
    PostMessage,
    RenameRoom,
)
from roomlog.room_settings import decide_rename, decide_settings
from roomlog.rooms import Room, apply, decide_create

ROOM, EVENT = ids.new_id(), ids.new_id()
OWNER, MODERATOR, MEMBER, EVE = (ids.new_id() for _ in range(4))
AT = {"id": 1, "key": "k", "room": ROOM}


def room(kind="public", **settings) -> Room:
    found = Room(ROOM)
    members = {OWNER: "owner", MODERATOR: "moderator", MEMBER: "member"}
    first = tuple(FirstMember(user, role) for user, role in members.items())
    apply(found, RoomCreated("r", kind, members=first))
    apply(found, RoomSettingsChanged(**settings))
    return found


def code(call, *args):
    with pytest.raises(Refused) as refused:
        call(*args)
    return refused.value.code


def test_settings_are_changed_by_those_who_moderate():
    change = ChangeSettings(**AT, read_only=True, archived=False)
    for user in (OWNER, MODERATOR):
        assert decide_settings(room(), user, change) == RoomSettingsChanged(read_only=True)
    assert code(decide_settings, room(), MEMBER, change) is ErrorCode.FORBIDDEN
    assert code(decide_settings, room("direct"), OWNER, change) is ErrorCode.FORBIDDEN
    assert decide_settings(room(read_only=True), OWNER, change) is None
    quiet = ChangeSettings(**AT, link_previews=False)
    assert decide_settings(room(), OWNER, quiet) == RoomSettingsChanged(link_previews=False)
    assert decide_settings(room(link_previews=False), OWNER, quiet) is None
    assert decide_settings(room(), OWNER, ChangeSettings(**AT)) is None


def test_in_a_read_only_room_members_react_and_do_not_write():
    quiet = room(read_only=True)
    assert decide_post(quiet, MODERATOR, PostMessage(**AT, text="x")).text == "x"
    assert code(decide_post, quiet, MEMBER, PostMessage(**AT, text="x")) is ErrorCode.FORBIDDEN
    edit = EditMessage(**AT, event=EVENT, text="y")
    assert code(decide_on_message, quiet, MEMBER, edit, MEMBER) is ErrorCode.FORBIDDEN
    react = AddReaction(**AT, event=EVENT, emoji="+1")
    assert decide_on_message(quiet, MEMBER, react, OWNER) == ReactionAdded(EVENT, "+1")
    delete = DeleteMessage(**AT, event=EVENT)
    assert decide_on_message(quiet, OWNER, delete, MEMBER) == MessageDeleted(EVENT)


def test_in_an_archived_room_nothing_happens_until_it_is_taken_out():
    old = room(archived=True)
    for call, *arguments in (
        (decide_post, OWNER, PostMessage(**AT, text="x")),
        (decide_on_message, OWNER, AddReaction(**AT, event=EVENT, emoji="+1"), OWNER),
        (decide_on_message, OWNER, DeleteMessage(**AT, event=EVENT), OWNER),
        (decide_join, EVE, JoinRoom(**AT)),
        (decide_on_member, OWNER, InviteMember(**AT, user=EVE)),
        (decide_rename, OWNER, RenameRoom(**AT, name="x")),
    ):
        assert code(call, old, *arguments) is ErrorCode.ARCHIVED
    out = decide_settings(old, OWNER, ChangeSettings(**AT, archived=False))
    apply(old, out)
    assert decide_post(old, MEMBER, PostMessage(**AT, text="x"))


def test_a_group_is_of_three_who_are_alike():
    new = CreateRoom(id=1, key="k", name="we", kind="group", members=(MEMBER,))
    assert code(decide_create, OWNER, new) is ErrorCode.BAD_REQUEST
    group = room("group")
    assert decide_on_member(group, MEMBER, InviteMember(**AT, user=EVE)) == MemberInvited(EVE)
    assert decide_rename(group, MEMBER, RenameRoom(**AT, name="us")) == RoomRenamed("us")
    assert not group.is_visible_to(EVE)
