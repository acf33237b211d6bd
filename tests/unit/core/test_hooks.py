"""Incoming hooks: who may, and what follows."""

from dataclasses import replace

import pytest

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import ChatEvent, HookCreated, HookRevoked, HookRotated, MessagePosted
from roomlog.hooks import MAX_HOOKS, decide_on_hook, external_key, new_token, token_hash
from roomlog.members import decide_leave, decide_on_member
from roomlog.messages import decide_post
from roomlog.protocol.commands import (
    ChangeRole,
    CreateHook,
    LeaveRoom,
    PostMessage,
    RemoveMember,
    RevokeHook,
    RotateHook,
)
from roomlog.rooms import Room, fold

OWNER, MEMBER = ids.derived_id("owner"), ids.derived_id("member")
COMMON = {"id": 1, "room": ids.derived_id("room"), "key": "k"}
HOOK = ids.hook_id(OWNER, COMMON["room"], "k")
HASH, OTHER = token_hash("a"), token_hash("b")
CREATE = CreateHook(**COMMON, name=" CI ", token_hash=HASH)


def room(**more):
    people = {OWNER: "owner", MEMBER: "member"}
    return Room(COMMON["room"], exists=True, members=people, **more)


def with_hook(**more):
    found = room(**more)
    fold(found, event(OWNER, HookCreated(HOOK, "CI", HASH)), 7)
    return found


def event(sender, body):
    return ChatEvent(ids.new_id(), COMMON["room"], "", sender, "k", 0, "n1", body)


def refused(decide, *args):
    with pytest.raises(Refused) as caught:
        decide(*args)
    return caught.value.code


def test_an_owner_makes_rotates_and_revokes_a_hook():
    assert decide_on_hook(room(), OWNER, CREATE) == HookCreated(HOOK, "CI", HASH)
    rotate, revoke = (
        RotateHook(**COMMON, hook=HOOK, token_hash=OTHER),
        RevokeHook(**COMMON, hook=HOOK),
    )
    assert decide_on_hook(with_hook(), OWNER, rotate) == HookRotated(HOOK, OTHER)
    assert decide_on_hook(with_hook(), OWNER, revoke) == HookRevoked(HOOK)
    assert decide_on_hook(room(), OWNER, revoke) is None
    assert refused(decide_on_hook, room(), OWNER, rotate) is ErrorCode.BAD_REQUEST
    # A person is no hook.
    assert decide_on_hook(room(), OWNER, RevokeHook(**COMMON, hook=MEMBER)) is None


def test_others_do_not():
    assert refused(decide_on_hook, room(), MEMBER, CREATE) is ErrorCode.FORBIDDEN
    assert refused(decide_on_hook, room(), ids.new_id(), CREATE) is ErrorCode.NOT_A_MEMBER
    stranger = replace(room(), kind="private")
    assert refused(decide_on_hook, stranger, ids.new_id(), CREATE) is ErrorCode.NO_SUCH_ROOM
    assert refused(decide_on_hook, with_hook(), HOOK, CREATE) is ErrorCode.FORBIDDEN
    assert refused(decide_on_hook, room(kind="direct"), OWNER, CREATE) is ErrorCode.FORBIDDEN
    assert refused(decide_on_hook, room(archived=True), OWNER, CREATE) is ErrorCode.ARCHIVED


def test_a_room_has_only_so_many():
    full = room()
    full.members |= {ids.derived_id(str(n)): "bot" for n in range(MAX_HOOKS)}
    assert refused(decide_on_hook, full, OWNER, CREATE) is ErrorCode.FORBIDDEN


def test_its_bot_writes_as_long_as_it_is_there():
    post = PostMessage(**COMMON, text="passed")
    assert decide_post(with_hook(read_only=True), HOOK, post) == MessagePosted("passed")
    assert refused(decide_post, with_hook(archived=True), HOOK, post) is ErrorCode.ARCHIVED
    gone = with_hook()
    assert fold(gone, event(OWNER, HookRevoked(HOOK)), 8)
    assert not fold(gone, event(HOOK, MessagePosted("late")), 9)
    assert gone.void == {9}
    assert refused(decide_post, gone, HOOK, post) is ErrorCode.NOT_A_MEMBER


def test_a_bot_is_no_person():
    kick, role = RemoveMember(**COMMON, user=HOOK), ChangeRole(**COMMON, user=HOOK, role="owner")
    assert refused(decide_on_member, with_hook(), OWNER, kick) is ErrorCode.BAD_REQUEST
    assert refused(decide_on_member, with_hook(), OWNER, role) is ErrorCode.BAD_REQUEST
    alone = with_hook()
    del alone.members[MEMBER]
    assert decide_leave(alone, OWNER, LeaveRoom(**COMMON)) is not None


def test_what_is_derived():
    assert len({new_token() for _ in range(100)}) == 100
    assert external_key(HOOK, "1") == external_key(HOOK, "1")
    assert len({external_key(HOOK, "1"), external_key(HOOK, "2"), external_key(OWNER, "1")}) == 3
