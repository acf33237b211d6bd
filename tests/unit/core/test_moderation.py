"""Who may not speak, how often, and which words: the same rules at the node and at an event's place in the log."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    ChatEvent,
    FirstMember,
    MemberInvited,
    MemberJoined,
    MemberMuted,
    MemberRemoved,
    MemberUnbanned,
    MemberUnmuted,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    MessageReported,
    ReactionAdded,
    ReportResolved,
    RoomCreated,
    RoomSettingsChanged,
    WordFilterChanged,
)
from roomlog.members import decide_join, decide_on_member
from roomlog.messages import decide_on_message
from roomlog.moderation import FOREVER, MICROS, decide_in_room
from roomlog.protocol.commands import InviteMember, JoinRoom
from roomlog.protocol.moderation import (
    BanMember,
    ChangeFilter,
    MuteMember,
    ReportMessage,
    ResolveReport,
    UnbanMember,
    UnmuteMember,
)
from roomlog.rooms import Room, fold

ROOM, EVENT = ids.new_id(), ids.new_id()
OWNER, MODERATOR, MEMBER, EVE = (ids.new_id() for _ in range(4))
COMMON = {"id": 1, "key": "k", "room": ROOM}
NOW = 1_700_000_000 * MICROS
CREATED = RoomCreated(
    "hall",
    "public",
    members=(
        FirstMember(OWNER, "owner"),
        FirstMember(MODERATOR, "moderator"),
        FirstMember(MEMBER, "member"),
    ),
)


class Log:
    """A room, folded event by event, one a second."""

    def __init__(self) -> None:
        self.room, self.offset = Room(ROOM), -1
        self.add(OWNER, CREATED)

    def add(self, sender, body, at=None) -> bool:
        self.offset += 1
        at = NOW + self.offset * MICROS if at is None else at
        event = ChatEvent(ids.new_id(), ROOM, "", sender, "k", at, "n", body)
        return fold(self.room, event, self.offset)


def refused(command, sender, room, now=NOW) -> ErrorCode:
    with pytest.raises(Refused) as told:
        decide_in_room(room, sender, command, now)
    return told.value.code


def test_what_the_muted_say_is_void_and_what_they_take_back_is_not():
    log = Log()
    log.add(MODERATOR, MemberMuted(MEMBER, NOW + 10 * MICROS))
    for body in (MessagePosted("x"), MessageEdited(EVENT, "x"), ReactionAdded(EVENT, "+")):
        assert not log.add(MEMBER, body, NOW + 9 * MICROS)
        assert log.offset in log.room.void
    assert log.add(MEMBER, MessageDeleted(EVENT), NOW + 9 * MICROS)
    assert log.add(MEMBER, MessagePosted("x"), NOW + 10 * MICROS)
    log.add(OWNER, MemberMuted(MEMBER))
    assert not log.add(MEMBER, MessagePosted("x"), FOREVER - 1)
    log.add(OWNER, MemberUnmuted(MEMBER))
    assert log.add(MEMBER, MessagePosted("x"))


def test_leaving_does_not_end_a_mute():
    log = Log()
    log.add(OWNER, MemberMuted(MEMBER))
    log.add(OWNER, MemberRemoved(MEMBER))
    log.add(MEMBER, MemberJoined(MEMBER))
    assert not log.add(MEMBER, MessagePosted("x"))


def test_in_slow_mode_the_second_of_two_counts_only_after_the_pause():
    log = Log()
    log.add(MEMBER, MessagePosted("before"))
    log.add(OWNER, RoomSettingsChanged(slow_mode_s=30))
    assert log.add(MEMBER, MessagePosted("first"), NOW)
    assert not log.add(MEMBER, MessagePosted("at once"), NOW + 29 * MICROS)
    assert log.add(MEMBER, MessagePosted("second"), NOW + 30 * MICROS)
    assert log.add(MEMBER, MessageEdited(EVENT, "x"), NOW + 31 * MICROS)
    for who in (OWNER, MODERATOR):
        assert log.add(who, MessagePosted("x"), NOW)
        assert log.add(who, MessagePosted("y"), NOW)
    log.add(OWNER, RoomSettingsChanged(slow_mode_s=0))
    assert log.room.said == {}
    assert log.add(MEMBER, MessagePosted("x"), NOW + 31 * MICROS)


def test_who_is_banned_comes_in_by_nobodys_hand():
    log = Log()
    log.add(MODERATOR, MemberRemoved(MEMBER, banned=True))
    assert not log.add(MEMBER, MemberJoined(MEMBER))
    assert not log.add(OWNER, MemberInvited(MEMBER))
    assert MEMBER not in log.room.members
    with pytest.raises(Refused) as told:
        decide_join(log.room, MEMBER, JoinRoom(**COMMON))
    assert told.value.code is ErrorCode.BANNED
    with pytest.raises(Refused) as told:
        decide_on_member(log.room, OWNER, InviteMember(user=MEMBER, **COMMON))
    assert told.value.code is ErrorCode.BANNED
    log.add(OWNER, MemberUnbanned(MEMBER))
    assert log.add(MEMBER, MemberJoined(MEMBER))


def test_what_is_for_moderators_moves_nothing_that_followers_see():
    log = Log()
    last = log.room.last_offset
    for body in (
        WordFilterChanged("rude", "mask"),
        MessageReported(EVENT, "spam"),
        ReportResolved(EVENT, "dismissed"),
    ):
        assert not log.add(OWNER, body)
    assert (log.room.last_offset, log.room.void) == (last, set())
    assert log.room.filters == {"rude": "mask"}
    taken_back = WordFilterChanged("rude", None)
    log.add(OWNER, taken_back)
    event = ChatEvent("e", ROOM, "", OWNER, "k", NOW, "n", WordFilterChanged("rude", "mask"))
    assert not fold(log.room, event, log.offset - 1)  # once more, from before
    assert log.room.filters == {}


def test_moderators_decide_about_members_and_owners_about_all():
    room = Log().room
    until = datetime.fromtimestamp(NOW / MICROS, UTC) + timedelta(hours=1)
    mute = MuteMember(user=MEMBER, until=until, reason="r", **COMMON)
    expected = MemberMuted(MEMBER, NOW + 3600 * MICROS, "r")
    assert decide_in_room(room, MODERATOR, mute, NOW) == expected
    ban = BanMember(user=MODERATOR, **COMMON)
    assert decide_in_room(room, OWNER, ban, NOW) == MemberRemoved(MODERATOR, banned=True)
    for command in (
        MuteMember(user=OWNER, **COMMON),
        BanMember(user=OWNER, **COMMON),
        MuteMember(user=MODERATOR, **COMMON),
    ):
        other = replace(room, members={**room.members, EVE: "moderator"})
        assert refused(command, EVE, other) is ErrorCode.FORBIDDEN
        assert refused(command, MEMBER, room) is ErrorCode.FORBIDDEN
    for command in (
        MuteMember(user=OWNER, **COMMON),
        MuteMember(user="x", **COMMON),
        MuteMember(user=EVE, **COMMON),
        MuteMember(user=MEMBER, until=until - timedelta(hours=1), **COMMON),
        BanMember(user=OWNER, **COMMON),
        ResolveReport(event="x", action="dismissed", **COMMON),
        ChangeFilter(words="one two three four five", action="mask", **COMMON),
        ChangeFilter(words="!?", action="mask", **COMMON),
    ):
        assert refused(command, OWNER, room) is ErrorCode.BAD_REQUEST
    direct = replace(room, kind="direct")
    assert refused(mute, OWNER, direct) is ErrorCode.FORBIDDEN


def test_what_holds_already_leads_to_nothing():
    room = Log().room
    for command in (
        UnmuteMember(user=MEMBER, **COMMON),
        UnbanMember(user=MEMBER, **COMMON),
        ChangeFilter(words="rude", **COMMON),
    ):
        assert decide_in_room(room, OWNER, command, NOW) is None
    room.banned.add(EVE)
    assert decide_in_room(room, OWNER, BanMember(user=EVE, **COMMON), NOW) is None
    room.muted[MEMBER] = FOREVER
    assert decide_in_room(room, OWNER, MuteMember(user=MEMBER, **COMMON), NOW) is None


def test_a_report_is_about_anothers_message():
    room = Log().room
    report = ReportMessage(event=EVENT, reason="spam", **COMMON)
    found = decide_on_message(room, MEMBER, report, OWNER)
    assert found == MessageReported(EVENT, "spam")
    for room_, author in ((room, MEMBER), (room, None), (replace(room, kind="direct"), OWNER)):
        with pytest.raises(Refused):
            decide_on_message(room_, MEMBER, report, author)
