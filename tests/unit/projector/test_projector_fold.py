from projector.batch import Message, UserFact
from projector.facts import Fact
from projector.fold import (
    Member,
    Prior,
    concerned_members,
    created_rooms,
    fold,
)
from projector.texts import Known, Pin
from roomlog import ids
from roomlog.accounts import UserRegistered, UserRenamed
from roomlog.events import (
    FirstMember,
    MemberInvited,
    MemberJoined,
    MemberLeft,
    MemberRemoved,
    MemberRoleChanged,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessageRestored,
    MessageUnpinned,
    ReactionAdded,
    ReactionRemoved,
    RoomCreated,
    RoomLanguageChanged,
    RoomRenamed,
    RoomTopicChanged,
)

ROOM, ALICE, BOB, TARGET = (ids.new_id() for _ in range(4))
JOINED_BEFORE = Member("member", 1, 10)


def facts(*bodies, sender=ALICE):
    return [
        Fact(ids.new_id(), ROOM, "", sender, 100 + n, 0, n, body) for n, body in enumerate(bodies)
    ]


def prior(members=None, **more):
    """What is there before: Alice, who does everything, is an owner."""
    return Prior(members={(ROOM, ALICE): Member("owner", -1, 0), **(members or {})}, **more)


def changes(*bodies, members=None, rooms=()):
    return fold(facts(*bodies), [], prior(members, rooms=set(rooms)))


def test_a_room_begins_once_with_its_first_members():
    created = RoomCreated("r", "public", members=(FirstMember(ALICE, "owner"),))
    found = fold(facts(created, RoomCreated("other", "private")), [], Prior())
    assert found.rooms[ROOM][1] == created
    assert found.members == {(ROOM, ALICE): Member("owner", 0, 100)}
    assert found.member_delta == {ROOM: 1}
    assert not changes(created, rooms=[ROOM]).rooms
    assert not changes(created, rooms=[ROOM]).members


def test_the_newest_name_topic_and_language_stay():
    spoken = RoomLanguageChanged("en"), RoomLanguageChanged("de")
    found = changes(RoomRenamed("a"), RoomTopicChanged("t"), RoomRenamed("b"), *spoken)
    assert (found.names, found.topics) == ({ROOM: "b"}, {ROOM: "t"})
    assert found.languages == {ROOM: "de"}


def test_joining_twice_counts_once_and_keeps_the_first_time():
    found = changes(MemberJoined(BOB), MemberInvited(BOB, "moderator"))
    assert found.members == {(ROOM, BOB): Member("member", 0, 100)}
    assert found.member_delta[ROOM] == 1


def test_a_member_who_joins_changes_nothing():
    found = changes(MemberJoined(BOB), members={(ROOM, BOB): JOINED_BEFORE})
    assert not found.members
    assert not found.member_delta[ROOM]


def test_leaving_and_removal_take_away_only_who_is_there():
    for body in (MemberLeft(BOB), MemberRemoved(BOB)):
        assert changes(body, members={(ROOM, BOB): JOINED_BEFORE}).members == {(ROOM, BOB): None}
        assert changes(body, members={(ROOM, BOB): JOINED_BEFORE}).member_delta[ROOM] == -1
        assert not changes(body).members
        assert not changes(body).member_delta[ROOM]


def test_who_comes_and_goes_in_one_batch_leaves_no_trace():
    assert not changes(MemberJoined(BOB), MemberLeft(BOB)).members


def test_who_leaves_and_comes_back_is_a_new_member_and_counts_the_same():
    found = changes(MemberLeft(BOB), MemberJoined(BOB), members={(ROOM, BOB): JOINED_BEFORE})
    assert found.members == {(ROOM, BOB): Member("member", 1, 101)}
    assert found.member_delta[ROOM] == 0


def test_a_role_changes_only_for_members_and_keeps_when_they_joined():
    found = changes(MemberRoleChanged(BOB, "owner"), members={(ROOM, BOB): JOINED_BEFORE})
    assert found.members == {(ROOM, BOB): Member("owner", 1, 10)}
    assert not changes(MemberRoleChanged(BOB, "owner")).members


def changes_of_texts(*bodies, **known):
    return fold(facts(*bodies), [], prior(messages=Known(**known))).texts


THERE, GONE = {(ROOM, TARGET): False}, {(ROOM, TARGET): True}


def test_every_edit_is_kept_and_none_follows_a_deletion():
    found = changes_of_texts(
        MessageEdited(TARGET, "a"),
        MessageEdited(TARGET, "b"),
        MessageDeleted(TARGET),
        MessageEdited(TARGET, "c"),
        MessageDeleted(TARGET),
        deleted=THERE,
    )
    assert [(e.text, e.offset) for e in found.edits[ROOM, TARGET]] == [("a", 0), ("b", 1)]
    assert [(f.at, f.by) for f in found.deletions.values()] == [(102, ALICE)]
    assert found.deleted_delta == {ROOM: 1}


def test_what_comes_before_its_message_changes_nothing():
    bodies = (MessageEdited(TARGET, "a"), MessageDeleted(TARGET), MessageEdited(TARGET, "b"))
    found = changes_of_texts(*bodies, posted={(ROOM, TARGET): 1})
    assert not found.deletions
    assert [e.text for e in found.edits[ROOM, TARGET]] == ["b"]


def test_nothing_becomes_of_a_message_that_is_not_there():
    found = changes_of_texts(MessageEdited(TARGET, "a"), MessageDeleted(TARGET))
    assert not found.edits
    assert not found.fates


def test_a_deletion_is_taken_back_as_often_as_one_likes():
    delete, restore, edit = (
        MessageDeleted(TARGET),
        MessageRestored(TARGET),
        MessageEdited(TARGET, "b"),
    )
    found = changes_of_texts(delete, restore, deleted=THERE)
    assert (found.restored, found.deletions, found.deleted_delta[ROOM]) == ([], {}, 0)
    found = changes_of_texts(edit, restore, edit, delete, deleted=GONE)
    assert found.restored == [(ROOM, TARGET)]
    assert [e.offset for e in found.edits[ROOM, TARGET]] == [2]
    assert (found.deletions[ROOM, TARGET].at, found.deleted_delta[ROOM]) == (103, 0)
    found = changes_of_texts(restore, restore, deleted=GONE)
    assert (len(found.restored), found.deletions, found.deleted_delta[ROOM]) == (1, {}, -1)
    assert not changes_of_texts(restore, deleted=THERE).restored


def test_a_message_that_does_not_count_is_neither_edited_nor_deleted():
    posts = by_id(post(BOB, 0))
    known = Known(posted={(ROOM, TARGET): 0})
    removal, *late = facts(MemberRemoved(BOB), MessageEdited(TARGET, "b"), MessageDeleted(TARGET))
    before = prior(messages=known)
    found = fold([removal, *late], [], before, posts).texts
    assert not found.edits
    assert not found.deleted_delta[ROOM]


def test_a_pin_stands_since_it_was_pinned_last_and_a_deletion_ends_it():
    pin, unpin, key = MessagePinned(TARGET), MessageUnpinned(TARGET), (ROOM, TARGET)
    assert changes_of_texts(pin, pin).pins == {key: Pin(0, ALICE, 100)}
    found = changes_of_texts(pin, unpin, pin)
    assert (found.unpinned, found.pins) == ({key}, {key: Pin(2, ALICE, 102)})
    assert not changes_of_texts(pin, MessageDeleted(TARGET)).pins


def test_a_reaction_stands_since_it_was_added_last():
    key = (ROOM, TARGET, "+", ALICE)
    added, removed = ReactionAdded(TARGET, "+"), ReactionRemoved(TARGET, "+")
    assert changes(added, added).reactions == {key: 100}
    assert not changes(added, removed).reactions
    found = changes(added, removed, added)
    assert (found.withdrawn, found.reactions) == ({key}, {key: 102})


def test_what_took_effect_before_changes_nothing():
    joined = facts(MemberJoined(BOB))
    found = fold(joined, [], Prior(applied={joined[0].event_id}))
    assert not found.members
    assert not found.applied


def test_accounts_keep_their_first_registration_and_their_newest_name():
    people = [
        UserFact(ids.new_id(), BOB, n, body)
        for n, body in enumerate((UserRegistered("a"), UserRenamed("b"), UserRegistered("c")))
    ]
    found = fold([], people, Prior())
    assert found.registered == {BOB: ("a", 0)}
    assert found.renamed == {BOB: "b"}
    assert len(found.applied) == 3


def test_the_fold_says_what_it_must_know():
    some = facts(
        RoomCreated("r", "public", members=(FirstMember(ALICE, "owner"),)), MemberLeft(BOB)
    )
    assert created_rooms(some) == [ROOM]
    assert sorted(concerned_members(some)) == sorted([(ROOM, ALICE), (ROOM, BOB)])
    assert concerned_members([], [post(BOB, 1)]) == [(ROOM, BOB)]


def post(sender, offset):
    return Message(ROOM, offset, b"", sender, 0)


def by_id(*messages):
    return {bytes([n]): message for n, message in enumerate(messages)}


def test_what_one_does_after_their_removal_has_no_effect():
    removal, *late = facts(MemberRemoved(BOB), RoomRenamed("mine"), MemberInvited(BOB))
    late = [fact._replace(sender_id=BOB) for fact in late]
    posts = by_id(post(BOB, -1), post(BOB, 5), post(ALICE, 6))
    before = prior({(ROOM, BOB): JOINED_BEFORE})
    found = fold([removal, *late], [], before, posts)
    assert set(found.void) == {(ROOM, 1), (ROOM, 2), (ROOM, 5)}
    assert not found.names
    assert found.members == {(ROOM, BOB): None}


def test_who_joined_in_the_batch_may_post_from_there_on():
    joined = [fact._replace(sender_id=BOB) for fact in facts(MemberJoined(BOB))]
    found = fold(joined, [], prior(), by_id(post(BOB, -1), post(BOB, 1)))
    assert found.void == {(ROOM, -1): "00"}
