import asyncio

import pytest

from ingest.presence import Presence, after, between, change
from ingest.rooms import RoomState
from roomlog.deliveries import PresenceDiff
from roomlog.partitions import partition_of
from roomlog.signals import PresenceChanged, RoomAttached, SessionsChanged
from tests.unit.ingest.twins import ALICE, ROOM


def test_only_what_changed_is_told():
    assert change("r", {"a": "online"}, {"a": "online"}) is None
    assert change("r", {"a": "online"}, {"b": "online"}) == PresenceChanged("r", ("b",), ("a",))


def test_a_change_is_applied():
    diff = PresenceDiff("r", joined=["c"], left=["a"], away=["b"])
    assert after({"a": "online", "b": "online"}, diff) == {"b": "away", "c": "online"}


def test_what_changed_while_the_streams_were_away_is_a_change():
    before, now = (
        {"a": "online", "b": "online", "c": "away"},
        {"b": "away", "c": "away", "d": "online"},
    )
    assert between("r", before, now) == PresenceDiff("r", joined=["d"], left=["a"], away=["b"])
    assert after(before, between("r", before, now)) == now
    assert between("r", now, dict(now)) is None


class Sent:
    def __init__(self):
        self.bodies = []

    def send(self, key, body):
        self.bodies.append(body)


@pytest.fixture
async def sent():
    return Sent()


async def told(sent):
    """What was sent since the last look, once the turn is over."""
    await asyncio.sleep(0)
    bodies, sent.bodies = sent.bodies, []
    return bodies


def test_going_away_and_coming_back_are_changes():
    away = PresenceChanged("r", away=("a",))
    assert change("r", {"a": "online"}, {"a": "away"}) == away
    assert change("r", {"a": "away"}, {"a": "online"}) == PresenceChanged("r", ("a",))


async def test_a_user_is_away_once_all_their_sessions_here_are(sent):
    presence, room = Presence(sent), RoomState(ROOM, 0.0)
    presence.open_session(ALICE)
    presence.open_session(ALICE)
    presence.follow(room, ALICE)
    presence.attach(room)
    await told(sent)
    presence.change_session(ALICE, "online", "away")
    assert await told(sent) == []
    presence.change_session(ALICE, "online", "away")
    assert await told(sent) == [
        SessionsChanged(ALICE, "away"),
        PresenceChanged(ROOM, away=(ALICE,)),
    ]
    presence.attach(room)
    assert await told(sent) == [RoomAttached(ROOM, {ALICE: "away"})]
    presence.change_session(ALICE, "away", "away")
    assert await told(sent) == []
    presence.open_session(ALICE)
    assert await told(sent) == [
        SessionsChanged(ALICE, "online"),
        PresenceChanged(ROOM, joined=(ALICE,)),
    ]
    presence.close_session(ALICE, "online")
    assert (await told(sent))[0] == SessionsChanged(ALICE, "away")


async def test_the_last_session_ends_in_any_state(sent):
    presence, room = Presence(sent), RoomState(ROOM, 0.0)
    presence.open_session(ALICE)
    presence.change_session(ALICE, "online", "away")
    presence.follow(room, ALICE)
    presence.attach(room)
    await told(sent)
    presence.unfollow(room, ALICE)
    presence.close_session(ALICE, "away")
    assert await told(sent) == [
        SessionsChanged(ALICE, "offline"),
        PresenceChanged(ROOM, left=(ALICE,)),
    ]


async def test_a_worker_that_knows_nothing_is_told_the_state(sent):
    presence = Presence(sent)
    presence.open_session(ALICE)
    presence.change_session(ALICE, "online", "away")
    await told(sent)
    presence.repeat({partition_of(ALICE)}, [])
    assert await told(sent) == [SessionsChanged(ALICE, "away")]
