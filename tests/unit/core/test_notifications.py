"""Who is told of an event, and of what."""

from dataclasses import replace

from roomlog import ids
from roomlog.events import (
    ChatEvent,
    FirstMember,
    MemberInvited,
    MemberJoined,
    MessagePosted,
    RoomCreated,
    SealedText,
)
from roomlog.notifications import concerned, headers, named, notifications
from roomlog.rooms import Room
from roomlog.signals import UserNotified

ANN, BOB, CLEO, ROOM, EVENT = (ids.derived_id(n) for n in ("ann", "bob", "cleo", "room", "event"))
PUBLIC = Room(ROOM, members={ANN: "owner", BOB: "member"}, exists=True)
DIRECT = replace(PUBLIC, kind="direct")


def event(body):
    return ChatEvent(EVENT, ROOM, "", ANN, "key", 7, "n1", body)


def test_of_a_message_those_are_told_whom_it_names_once_if_they_are_members():
    assert concerned(PUBLIC, ANN, MessagePosted("hi")) == []
    assert concerned(PUBLIC, ANN, MessagePosted("hi", mentions=(BOB, CLEO, BOB, ANN))) == [BOB]


def test_of_a_direct_message_the_other_is_told():
    assert concerned(DIRECT, ANN, MessagePosted("hi")) == [BOB]
    assert concerned(DIRECT, BOB, MessagePosted("hi", mentions=(ANN,))) == [ANN]


def test_of_a_membership_those_are_told_whom_another_made_members():
    assert concerned(PUBLIC, ANN, MemberInvited(CLEO)) == [CLEO]
    assert concerned(PUBLIC, CLEO, MemberJoined(CLEO)) == []
    first = (FirstMember(ANN, "owner"), FirstMember(BOB, "member"))
    assert concerned(Room(ROOM), ANN, RoomCreated("r", "private", members=first)) == [BOB]


def test_headers_name_the_users_and_nobody_needs_none():
    assert headers([]) == []
    assert named(headers([BOB, CLEO])) == [BOB, CLEO]
    assert named([]) == named([("other", b"x")]) == []


def test_a_notification_says_what_happened():
    said = event(MessagePosted("x" * 500, mentions=(BOB,)))
    told = list(notifications(said, 9, [BOB, CLEO]))
    assert told == [
        UserNotified(BOB, "mention", ROOM, 9, EVENT, ANN, 7, "x" * 140),
        UserNotified(CLEO, "direct", ROOM, 9, EVENT, ANN, 7, "x" * 140),
    ]
    assert [n.kind for n in notifications(event(MemberInvited(BOB)), 9, [BOB])] == ["invite"]


def test_a_sealed_text_is_not_quoted():
    sealed = MessagePosted(SealedText("key", b"n", b"c"), mentions=(BOB,))
    assert [n.text for n in notifications(event(sealed), 9, [BOB])] == [None]
