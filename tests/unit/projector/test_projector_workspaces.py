"""What facts of workspaces and settings of rooms change in the read models."""

from projector.facts import Fact
from projector.fold import Member, Prior, Settings, fold
from roomlog import ids
from roomlog.events import (
    FirstMember,
    InviteCreated,
    InviteRevoked,
    MemberJoined,
    MemberLeft,
    MemberRemoved,
    RoomCreated,
    RoomSettingsChanged,
)
from tests.projector_records import batch_of, chat_event, chat_record

ACME, ROOM, ADA, BOB, INVITE = (ids.new_id() for _ in range(5))
PRIOR = {(place, ADA): Member("owner", 0, 0) for place in (ACME, ROOM)}


def changes(*bodies, room=ACME, workspace=ACME, sender=ADA):
    facts = [
        Fact(ids.new_id(), room, workspace, sender, 100 + n, 0, n, body)
        for n, body in enumerate(bodies)
    ]
    return fold(facts, [], Prior(members=dict(PRIOR)))


def test_an_invite_stands_until_it_is_revoked():
    made = InviteCreated(INVITE, "member", 7)
    found = changes(made)
    assert {i: body for i, (_, body) in found.invites.items()} == {(ACME, INVITE): made}
    found = changes(made, InviteRevoked(INVITE))
    assert (found.invites, found.revoked) == ({}, {(ACME, INVITE)})
    assert changes(made, sender=BOB).invites == {}


def test_an_invite_of_another_workspace_is_another_one_whatever_its_id():
    made, revoked = InviteCreated(INVITE, "member", 7), InviteRevoked(INVITE)
    other = ids.new_id()
    facts = [
        Fact(ids.new_id(), workspace, workspace, ADA, 100 + n, 0, n, body)
        for n, (workspace, body) in enumerate(((ACME, made), (other, made), (other, revoked)))
    ]
    owner = {(place, ADA): Member("owner", 0, 0) for place in (ACME, other)}
    found = fold(facts, [], Prior(members=owner))
    assert (found.invites.keys(), found.revoked) == ({(ACME, INVITE)}, {(other, INVITE)})


def test_who_leaves_a_workspace_is_noted_and_who_leaves_a_room_is_not():
    for body in (MemberLeft(BOB), MemberRemoved(BOB)):
        assert changes(MemberJoined(BOB), body).departures == {(ACME, BOB): (1, 101)}
        assert changes(MemberJoined(BOB), body, room=ROOM).departures == {}


def test_settings_are_the_newest_of_each():
    found = changes(
        RoomSettingsChanged(archived=True, history="joined"),
        RoomSettingsChanged(read_only=True),
        RoomSettingsChanged(archived=False),
        room=ROOM,
    )
    assert found.settings == {ROOM: Settings(False, True, "joined")}


def test_what_cannot_be_stored_is_a_dead_letter():
    room = ids.new_id()
    first = (FirstMember(ADA, "owner"),)
    bad = [
        RoomCreated("r", "public", members=first, workspace="acme"),
        InviteCreated("x", "member", 7),
        InviteCreated(INVITE, "member", 2**62),
        RoomSettingsChanged(history="sometimes"),
    ]
    good = RoomCreated("r", "public", members=first, workspace=ACME)
    records = [chat_record(chat_event(room, ADA, body), n) for n, body in enumerate([*bad, good])]
    batch = batch_of(*records)
    assert len(batch.dead) == len(bad)
    assert [fact.body for fact in batch.facts.values()] == [good]
