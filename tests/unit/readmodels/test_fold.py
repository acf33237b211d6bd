"""What the log folds to; tests/integration/test_projector_models.py compares it with the projector's rows."""

from roomlog import ids
from roomlog.accounts import (
    FriendAccepted,
    FriendRequested,
    UserBlocked,
    UserEvent,
    UserRegistered,
    UserRenamed,
    UserUnblocked,
)
from roomlog.events import (
    FirstMember,
    InviteCreated,
    InviteRevoked,
    MemberJoined,
    MemberLeft,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    ReactionAdded,
    RoomCreated,
    RoomRenamed,
    RoomSettingsChanged,
)
from roomlog.partitions import partition_of
from roomlog.readmodels.fold.chat import ChatFold
from roomlog.readmodels.fold.reads import ReadFold
from roomlog.readmodels.fold.users import UserFold
from roomlog.readmodels.tables import BLOCKS, MARKERS, ROOMS
from roomlog.readmodels.unread import recount
from roomlog.reads import ReadEvent, ReadMarked
from tests.projector_records import START, chat_event

ROOM, ALICE, BOB, EVE = (ids.derived_id(name) for name in ("room", "alice", "bob", "eve"))
CREATED = RoomCreated("r", "public", members=(FirstMember(ALICE, "owner"),))


def folded(*events, refused=()):
    fold = ChatFold(partition_of(ROOM))
    for offset, event in enumerate(events):
        fold.take(event, offset, offset in refused)
    return fold


def event(body, sender=ALICE, **more):
    return chat_event(ROOM, sender, body, **more)


def room_row(fold):
    return tuple(column(fold, name) for name in ("last_offset", "member_count", "message_count"))


def column(fold, name):
    return fold.rows()["rooms"][ROOM,][ROOMS.columns.index(name)]


def test_a_room_counts_what_is_in_it():
    fold = folded(event(CREATED), event(MemberJoined(BOB), BOB), event(MessagePosted("a"), BOB))
    assert room_row(fold) == (2, 2, 1)
    assert fold.rows()["members"][ROOM, BOB] == ("member", 1, START)


def test_a_repeat_is_the_rooms_newest_event_and_nothing_else():
    said, joined = event(MessagePosted("a")), event(MemberJoined(BOB), BOB)
    fold = folded(event(CREATED), said, joined, event(MemberLeft(BOB), BOB), said, joined)
    assert room_row(fold) == (5, 1, 1)
    assert fold.rows()["messages"][ROOM, said.event_id][0] == 1


def test_what_has_no_effect_is_void_and_not_the_newest():
    void = event(MessagePosted("a"), BOB)
    fold = folded(event(CREATED), void)
    assert room_row(fold) == (0, 1, 0)
    assert fold.rows()["void_events"] == {(ROOM, 1): (void.event_id,)}


def test_what_was_refused_is_the_rooms_newest_event_and_nothing_else():
    fold = folded(event(CREATED), event(RoomRenamed("x")), refused={1})
    assert room_row(fold) == (1, 1, 0)
    assert column(fold, "name") == "r"


def test_a_room_has_the_settings_that_were_changed_last_and_its_workspace():
    inside = RoomCreated("r", "private", members=(FirstMember(ALICE, "owner"),), workspace=BOB)
    fold = folded(
        event(inside),
        event(RoomSettingsChanged(archived=True, history="joined")),
        event(RoomSettingsChanged(archived=False, link_previews=False)),
    )
    names = ("workspace_id", "archived", "read_only", "history", "link_previews")
    assert [column(fold, name) for name in names] == [BOB, False, False, "joined", False]


def test_invites_are_there_until_they_are_revoked():
    company = RoomCreated("c", "workspace", members=(FirstMember(ALICE, "owner"),), slug="c")
    one, other = ids.derived_id("one"), ids.derived_id("other")
    fold = folded(
        event(company),
        event(InviteCreated(one, "guest", START + 9)),
        event(InviteCreated(other, "member", START + 9)),
        event(InviteRevoked(other)),
    )
    assert column(fold, "workspace_id") == ROOM
    assert fold.rows()["workspace_invites"] == {(ROOM, one): ("guest", ALICE, START, START + 9)}


def test_an_event_in_the_wrong_partition_or_without_a_time_counts_for_nothing():
    fold = ChatFold((partition_of(ROOM) + 1) % 24)
    fold.take(event(CREATED), 0)
    assert not fold.rows()["rooms"]
    assert not folded(event(CREATED, at=2**62)).rows()["rooms"]


def test_a_deleted_message_stays_as_a_tombstone():
    said = event(MessagePosted("a", mentions=(BOB, "nobody")))
    edited = event(MessageEdited(said.event_id, "b"), at=START + 1)
    gone = event(MessageDeleted(said.event_id), at=START + 2)
    late = event(MessageEdited(said.event_id, "c"), at=START + 3)
    before = folded(event(CREATED), said, edited).rows()["messages"][ROOM, said.event_id]
    assert (before[3], before[6], before[8:]) == ("b", [BOB], (START + 1, None))
    after = folded(event(CREATED), said, edited, gone, late).rows()["messages"][ROOM, said.event_id]
    assert (after[3], after[6], after[8:]) == (None, [], (START + 1, START + 2))


def test_a_reaction_keeps_its_first_time():
    one, again = (event(ReactionAdded(BOB, "+"), at=START + n) for n in (1, 2))
    fold = folded(event(CREATED), one, again)
    assert fold.rows()["reactions"] == {(ROOM, BOB, "+", ALICE): (START + 1,)}


def test_people_have_their_newest_name_and_their_first_day():
    fold = UserFold()
    registered = UserEvent(ids.new_id(), BOB, START, UserRegistered("Bob"))
    for told in (
        registered,
        UserEvent(ids.new_id(), BOB, START + 1, UserRenamed("Robert")),
        registered,
        UserEvent(ids.new_id(), BOB, START + 2, UserRegistered("Bob")),
        UserEvent(ids.new_id(), ALICE, START, UserRenamed("Ann")),
    ):
        fold.take(told)
    assert fold.rows()["users"] == {(BOB,): ("Robert", START)}
    assert len(fold.applied) == 4


def test_requests_are_notifications_of_no_room_unless_they_come_to_nothing():
    facts = [
        (ALICE, FriendRequested(BOB)),
        (ALICE, FriendRequested(BOB)),
        (BOB, FriendAccepted(ALICE)),
        (BOB, UserBlocked(ALICE)),
        (ALICE, FriendRequested(BOB)),
        (BOB, UserUnblocked(ALICE)),
    ]
    events = [UserEvent(ids.new_id(), who, START + n, body) for n, (who, body) in enumerate(facts)]
    fold = UserFold()
    for told in (*events, *events):
        fold.take(told)
    assert fold.rows()["notifications"] == {
        (BOB, events[0].event_id, None): (None, "friend_request", ALICE, START),
        (ALICE, events[2].event_id, None): (None, "friend_accepted", BOB, START + 2),
    }


def test_what_the_blocked_say_does_not_count_as_unread():
    said = [
        event(MemberJoined(user), user)
        if text is None
        else event(MessagePosted(text, mentions=m), user)
        for user, text, m in (
            (BOB, None, ()),
            (EVE, None, ()),
            (EVE, "1", (BOB,)),
            (ALICE, "2", (BOB,)),
            (BOB, "3", ()),
            (EVE, "4", ()),
            (ALICE, "5", ()),
        )
    ]
    rows = folded(event(CREATED), *said).rows() | {MARKERS.name: {}, BLOCKS.name: {}}
    assert recount(rows)[BOB, ROOM] == (4, 2, 3)
    blocked = recount(rows | {BLOCKS.name: {(BOB, EVE): (START,)}})
    assert blocked[BOB, ROOM] == (2, 1, 4)
    assert blocked[EVE, ROOM] == recount(rows)[EVE, ROOM]
    everybody = {(BOB, EVE): (START,), (BOB, ALICE): (START,)}
    assert recount(rows | {BLOCKS.name: everybody})[BOB, ROOM] == (0, 0, None)


def test_the_furthest_marker_counts_and_of_equal_ones_the_last():
    fold = ReadFold()
    for n, at in enumerate((3, 7, 5, 7)):
        fold.take(ReadEvent(BOB, ROOM, START + n, "n", ReadMarked(at)))
    assert fold.rows()["read_markers"] == {(BOB, ROOM): (7, START + 3)}
