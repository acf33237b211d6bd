"""The rules of workspaces: what a role allows, who comes in, and what is seen of their rooms."""

from datetime import UTC, datetime, timedelta

import pytest

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    FirstMember,
    InviteCreated,
    InviteRevoked,
    MemberJoined,
    MemberLeft,
    MemberRemoved,
    MemberRoleChanged,
    RoomCreated,
    RoomRenamed,
)
from roomlog.members import decide_join
from roomlog.protocol.commands import (
    AddReaction,
    ChangeRole,
    ChangeSettings,
    CreateInvite,
    CreateRoom,
    DeleteMessage,
    InviteMember,
    JoinRoom,
    LeaveRoom,
    PostMessage,
    RemoveMember,
    RenameRoom,
    RevokeInvite,
)
from roomlog.rooms import Room, apply, room_of, scope_of
from roomlog.workspaces import (
    MAX_INVITES,
    decide,
    is_open_to,
    needs_workspace,
    require_may_create,
    seen_by,
)

OWNER, ADMIN, MODERATOR, MEMBER, GUEST, STRANGER = (ids.new_id() for _ in range(6))
NOW = 1_700_000_000_000_000
SLUG = "acme"
WORKSPACE = ids.workspace_id(SLUG)
SECRET = "s" * 22
ROLES = {OWNER: "owner", ADMIN: "admin", MODERATOR: "moderator", MEMBER: "member", GUEST: "guest"}
COMMON = {"id": 1, "key": "k", "room": WORKSPACE}


def workspace() -> Room:
    room = Room(WORKSPACE)
    apply(room, RoomCreated("Acme", "workspace", members=(FirstMember(OWNER, "owner"),), slug=SLUG))
    for user, role in ROLES.items():
        apply(room, MemberJoined(user, role))
    return room


def room(kind="public", **members) -> Room:
    first = tuple(
        FirstMember(user, role) for user, role in members.get("of", {MEMBER: "owner"}).items()
    )
    found = Room(ids.new_id())
    apply(found, RoomCreated("hall", kind, members=first, workspace=WORKSPACE))
    return found


def code(call, *args):
    with pytest.raises(Refused) as refused:
        call(*args)
    return refused.value.code


def create(slug=SLUG, **more):
    return CreateRoom(id=1, key="k", name="Acme", kind="workspace", slug=slug, **more)


def invite(role="member", days=7.0):
    expires = datetime.fromtimestamp(NOW / 1e6, UTC) + timedelta(days=days)
    return CreateInvite(**COMMON, invite=ids.invite_id(SECRET), role=role, expires_at=expires)


def join(secret=None):
    return JoinRoom(**COMMON, invite=secret)


def test_a_slug_makes_one_workspace():
    assert room_of(OWNER, create()) == room_of(STRANGER, create()) == WORKSPACE
    made = decide(Room(WORKSPACE), OWNER, create(), NOW)
    assert made == RoomCreated(
        "Acme", "workspace", members=(FirstMember(OWNER, "owner"),), slug=SLUG
    )
    assert scope_of(Room(WORKSPACE), made) == WORKSPACE
    assert code(decide, workspace(), OWNER, create(), NOW) is ErrorCode.SLUG_TAKEN
    assert code(decide, Room("x"), OWNER, create("default"), NOW) is ErrorCode.SLUG_TAKEN
    for bad in (create(None), create(members=(MEMBER,)), create(workspace=WORKSPACE)):
        assert code(decide, Room(WORKSPACE), OWNER, bad, NOW) is ErrorCode.BAD_REQUEST


def test_a_secret_opens_a_workspace_until_it_expires_or_is_revoked():
    acme = workspace()
    assert code(decide, acme, STRANGER, join(), NOW) is ErrorCode.NO_SUCH_ROOM
    assert code(decide, acme, STRANGER, join(SECRET), NOW) is ErrorCode.NO_SUCH_ROOM
    apply(acme, decide(acme, ADMIN, invite("guest"), NOW))
    assert decide(acme, STRANGER, join(SECRET), NOW) == MemberJoined(STRANGER, "guest")
    assert decide(acme, MEMBER, join(SECRET), NOW) is None
    assert code(decide, acme, STRANGER, join("t" * 22), NOW) is ErrorCode.NO_SUCH_ROOM
    late = NOW + 8 * 86_400_000_000
    assert code(decide, acme, STRANGER, join(SECRET), late) is ErrorCode.NO_SUCH_ROOM
    revoke = RevokeInvite(**COMMON, invite=ids.invite_id(SECRET))
    revoked = decide(acme, MODERATOR, revoke, NOW)
    assert revoked == InviteRevoked(ids.invite_id(SECRET))
    apply(acme, revoked)
    assert decide(acme, MODERATOR, revoke, NOW) is None
    assert code(decide, acme, STRANGER, join(SECRET), NOW) is ErrorCode.NO_SUCH_ROOM


@pytest.mark.parametrize(
    ("who", "roles"),
    [
        (OWNER, {"admin", "moderator", "member", "guest"}),
        (ADMIN, {"moderator", "member", "guest"}),
        (MODERATOR, {"member", "guest"}),
        (MEMBER, set()),
        (GUEST, set()),
    ],
)
def test_people_are_invited_below_oneself(who, roles):
    for role in ("owner", "admin", "moderator", "member", "guest"):
        if role in roles:
            assert decide(workspace(), who, invite(role), NOW).role == role
        else:
            assert code(decide, workspace(), who, invite(role), NOW) in (
                ErrorCode.FORBIDDEN,
                ErrorCode.BAD_REQUEST,
            )


def test_invites_end_and_are_not_too_many():
    for days in (-1, 0, 31):
        assert code(decide, workspace(), OWNER, invite(days=days), NOW) is ErrorCode.BAD_REQUEST
    acme = workspace()
    for number in range(MAX_INVITES):
        apply(acme, InviteCreated(str(number), "member", NOW + 1))
    assert code(decide, acme, OWNER, invite(), NOW) is ErrorCode.FORBIDDEN
    assert decide(acme, OWNER, invite(), NOW + 1)


@pytest.mark.parametrize(
    ("who", "whom", "allowed"),
    [
        (OWNER, ADMIN, True),
        (ADMIN, MODERATOR, True),
        (ADMIN, ADMIN, False),
        (ADMIN, OWNER, False),
        (MODERATOR, MEMBER, False),
        (MEMBER, GUEST, False),
    ],
)
def test_who_removes_whom(who, whom, allowed):
    remove = RemoveMember(**COMMON, user=whom)
    if allowed:
        assert decide(workspace(), who, remove, NOW) == MemberRemoved(whom)
    else:
        assert code(decide, workspace(), who, remove, NOW) in (
            ErrorCode.FORBIDDEN,
            ErrorCode.BAD_REQUEST,
        )


@pytest.mark.parametrize(
    ("who", "whom", "role", "allowed"),
    [
        (OWNER, MEMBER, "owner", True),
        (OWNER, ADMIN, "guest", True),
        (OWNER, OWNER, "admin", False),
        (ADMIN, MEMBER, "moderator", True),
        (ADMIN, MEMBER, "admin", False),
        (ADMIN, OWNER, "member", False),
        (MODERATOR, GUEST, "member", False),
        (OWNER, STRANGER, "member", False),
    ],
)
def test_who_gives_which_role(who, whom, role, allowed):
    change = ChangeRole(**COMMON, user=whom, role=role)
    if allowed:
        assert decide(workspace(), who, change, NOW) == MemberRoleChanged(whom, role)
    else:
        assert code(decide, workspace(), who, change, NOW) in (
            ErrorCode.FORBIDDEN,
            ErrorCode.BAD_REQUEST,
        )


def test_the_last_owner_stays_and_others_leave():
    acme = workspace()
    assert code(decide, acme, OWNER, LeaveRoom(**COMMON), NOW) is ErrorCode.FORBIDDEN
    # What has happened already, as the end of an account, nobody can refuse.
    gone = LeaveRoom(**COMMON, at=datetime(2026, 1, 2, tzinfo=UTC))
    assert decide(acme, OWNER, gone, NOW) == MemberLeft(OWNER)
    assert decide(acme, GUEST, LeaveRoom(**COMMON), NOW) == MemberLeft(GUEST)


def test_a_workspace_is_named_by_admins_and_holds_nothing_else():
    acme = workspace()
    rename = RenameRoom(**COMMON, name="New")
    assert decide(acme, ADMIN, rename, NOW) == RoomRenamed("New")
    assert code(decide, acme, MODERATOR, rename, NOW) is ErrorCode.FORBIDDEN
    for command in (
        PostMessage(**COMMON, text="x"),
        AddReaction(**COMMON, event=ids.new_id(), emoji="+1"),
        ChangeSettings(**COMMON, archived=True),
        InviteMember(**COMMON, user=STRANGER),
    ):
        assert code(decide, acme, OWNER, command, NOW) is ErrorCode.BAD_REQUEST
        assert code(decide, acme, STRANGER, command, NOW) is ErrorCode.NO_SUCH_ROOM


def test_public_rooms_are_open_to_members_alone():
    acme, hall = workspace(), room()
    command = JoinRoom(id=1, key="k", room=hall.room_id)
    for user in (OWNER, ADMIN, MODERATOR):
        assert decide_join(seen_by(hall, acme, user, command), user, command) == MemberJoined(user)
    guest = seen_by(hall, acme, GUEST, command)
    assert code(decide_join, guest, GUEST, command) is ErrorCode.NO_SUCH_ROOM
    assert code(seen_by, hall, acme, STRANGER, command) is ErrorCode.NO_SUCH_ROOM
    hidden = seen_by(room("private"), acme, OWNER, command)
    assert code(decide_join, hidden, OWNER, command) is ErrorCode.NO_SUCH_ROOM
    assert not hall.is_visible_to(OWNER)
    assert [is_open_to(acme, u) for u in (MEMBER, GUEST, STRANGER)] == [True, False, False]


def test_only_people_of_the_workspace_are_invited_into_its_rooms():
    acme, hall = workspace(), room()
    assert seen_by(hall, acme, MEMBER, InviteMember(id=1, key="k", room=hall.room_id, user=GUEST))
    stranger = InviteMember(id=1, key="k", room=hall.room_id, user=STRANGER)
    assert code(seen_by, hall, acme, MEMBER, stranger) is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    ("user", "role"),
    [(OWNER, "owner"), (ADMIN, "owner"), (MODERATOR, "moderator"), (GUEST, "member")],
)
def test_a_role_in_the_workspace_counts_in_its_rooms(user, role):
    acme = workspace()
    rename = RenameRoom(id=1, key="k", room="r", name="x")
    for kind in ("public", "private"):
        hall = room(kind, of={MEMBER: "owner", user: "member"})
        assert seen_by(hall, acme, user, rename).members[user] == role
        assert hall.members[user] == "member"
    for kind in ("direct", "group"):
        hall = room(kind, of={MEMBER: "owner", user: "member"})
        assert seen_by(hall, acme, user, rename).members[user] == "member"


def test_rooms_are_made_by_members_of_members():
    acme = workspace()

    def new(*members):
        return CreateRoom(
            id=1, key="k", name="x", kind="private", members=members, workspace=WORKSPACE
        )

    require_may_create(acme, MEMBER, new(GUEST, OWNER))
    assert code(require_may_create, acme, GUEST, new()) is ErrorCode.FORBIDDEN
    assert code(require_may_create, acme, STRANGER, new()) is ErrorCode.NO_SUCH_ROOM
    assert code(require_may_create, acme, MEMBER, new(STRANGER)) is ErrorCode.BAD_REQUEST


def test_what_is_said_in_a_room_needs_no_look_at_the_workspace():
    hall, plain = room(), Room("r", exists=True)
    at = {"id": 1, "key": "k", "room": hall.room_id}
    assert needs_workspace(PostMessage(**at, text="x"), hall, MEMBER) == ""
    assert needs_workspace(PostMessage(**at, text="x"), hall, STRANGER) == ""
    assert needs_workspace(AddReaction(**at, event="e", emoji="+1"), hall, MEMBER) == ""
    assert needs_workspace(JoinRoom(**at), hall, MEMBER) == ""
    assert needs_workspace(JoinRoom(**at), hall, STRANGER) == WORKSPACE
    assert needs_workspace(LeaveRoom(**at), hall, MEMBER) == ""
    assert needs_workspace(LeaveRoom(**at), hall, STRANGER) == WORKSPACE
    assert needs_workspace(DeleteMessage(**at, event="e"), hall, MEMBER) == WORKSPACE
    assert needs_workspace(JoinRoom(**at), plain, STRANGER) == ""
    assert needs_workspace(join(), workspace(), STRANGER) == WORKSPACE
    assert needs_workspace(create(), Room(WORKSPACE), STRANGER) == WORKSPACE
