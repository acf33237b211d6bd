"""Presence: merged over nodes, told only where it really changed, mirrored to the same effect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomlog.deliveries import Attached, Notify, PresenceDiff, Typing
from roomlog.signals import (
    ChatSignal,
    PresenceChanged,
    RoomAttached,
    RoomDetached,
    SessionsChanged,
    UserNotified,
    UserTyping,
)
from streams.presence import EVERY_NODE, Effects, TypingLimit, apply, recall, remove_node
from streams.tables import MIRROR, Partition

R = "room"


class World:
    """One partition, and what Valkey and the nodes would hold after all effects."""

    def __init__(self):
        self.partition = Partition(0)
        self.limit = TypingLimit()
        self.rooms, self.users = {}, {}

    def signal(self, node, body, now=0.0):
        effects = Effects()
        apply(self.partition, ChatSignal(node, 0, body), self.limit, now, effects)
        return self.follow(effects)

    def gone(self, node):
        effects = Effects()
        remove_node(self.partition, node, effects)
        return self.follow(effects)

    def follow(self, effects):
        for (_, room), change in effects.rooms.items():
            self.rooms.setdefault(room, {}).update(change)
            self.rooms[room] = {u: s for u, s in self.rooms[room].items() if s}
            assert ((0, room) in effects.empty_rooms) == (not self.rooms[room])
        self.users.update({user: state for (_, user), state in effects.users.items()})
        return effects.deliveries


@pytest.fixture
def world():
    return World()


def test_attaching_is_answered_with_the_merged_state_and_others_hear_the_change(world):
    assert world.signal("n1", RoomAttached(R, {"ann": "online"})) == [
        ("n1", Attached(R, {"ann": "online"}))
    ]
    assert world.signal("n2", RoomAttached(R, {"bob": "away", "ann": "away"})) == [
        ("n1", PresenceDiff(R, [], [], ["bob"])),
        ("n2", Attached(R, {"ann": "online", "bob": "away"})),
    ]


def test_a_repeated_snapshot_changes_nothing_and_is_answered_again(world):
    world.signal("n1", RoomAttached(R, {}))
    world.signal("n2", RoomAttached(R, {"bob": "online"}))
    assert world.signal("n2", RoomAttached(R, {"bob": "online"})) == [
        ("n2", Attached(R, {"bob": "online"}))
    ]


def test_a_newer_snapshot_takes_out_who_is_no_longer_in_it(world):
    world.signal("n1", RoomAttached(R, {}))
    world.signal("n2", RoomAttached(R, {"bob": "online", "cy": "online"}))
    left = PresenceDiff(R, [], ["bob"], [])
    assert world.signal("n2", RoomAttached(R, {"cy": "online"})) == [
        ("n1", left),
        ("n2", left),
        ("n2", Attached(R, {"cy": "online"})),
    ]


def test_a_user_leaves_only_when_no_node_has_them(world):
    world.signal("n1", RoomAttached(R, {"ann": "online"}))
    world.signal("n2", RoomAttached(R, {"ann": "online"}))
    assert world.signal("n1", PresenceChanged(R, left=("ann",))) == []
    left = PresenceDiff(R, [], ["ann"], [])
    assert world.signal("n2", PresenceChanged(R, left=("ann",))) == [("n1", left), ("n2", left)]


def test_away_on_one_node_is_online_while_another_says_so(world):
    world.signal("n1", RoomAttached(R, {"ann": "online"}))
    world.signal("n2", RoomAttached(R, {"ann": "online"}))
    assert world.signal("n1", PresenceChanged(R, away=("ann",))) == []
    told = world.signal("n2", PresenceChanged(R, away=("ann",)))
    assert ("n1", PresenceDiff(R, [], [], ["ann"])) in told
    assert world.rooms[R] == {"ann": "away"}


def test_a_change_before_the_nodes_snapshot_waits_for_it(world):
    assert world.signal("n1", PresenceChanged(R, joined=("ann",))) == []
    assert world.partition.rooms == {}


def test_detaching_takes_the_nodes_users_along(world):
    world.signal("n1", RoomAttached(R, {"ann": "online"}))
    world.signal("n2", RoomAttached(R, {"bob": "online"}))
    assert world.signal("n1", RoomDetached(R)) == [("n2", PresenceDiff(R, [], ["ann"], []))]
    assert world.signal("n2", RoomDetached(R)) == []
    assert world.partition.rooms == {}
    assert world.rooms == {R: {}}
    assert world.signal("n2", RoomDetached(R)) == []


def test_a_dead_node_is_detached_and_its_sessions_end(world):
    world.signal("n1", RoomAttached(R, {"ann": "online"}))
    world.signal("n2", RoomAttached(R, {"bob": "online"}))
    world.signal("n1", SessionsChanged("ann", "online"))
    assert world.gone("n1") == [("n2", PresenceDiff(R, [], ["ann"], []))]
    assert world.users == {"ann": None}
    assert set(world.partition.nodes()) == {"n2"}


def test_typing_reaches_every_node_of_the_room_but_not_over_and_over(world):
    world.signal("n1", RoomAttached(R, {}))
    world.signal("n2", RoomAttached(R, {}))
    typing = UserTyping(R, "ann")
    assert world.signal("n1", typing, now=5.0) == [
        ("n1", Typing(R, "ann")),
        ("n2", Typing(R, "ann")),
    ]
    assert world.signal("n1", typing, now=5.5) == []
    assert len(world.signal("n1", typing, now=6.0)) == 2
    assert world.signal("n1", UserTyping("nobody-listens", "ann")) == []


def test_sessions_are_merged_over_nodes(world):
    world.signal("n1", SessionsChanged("ann", "away"))
    assert world.users == {"ann": "away"}
    world.signal("n2", SessionsChanged("ann", "online"))
    world.signal("n1", SessionsChanged("ann", "offline"))
    assert world.users == {"ann": "online"}
    world.signal("n2", SessionsChanged("ann", "offline"))
    assert world.users == {"ann": None}
    assert world.partition.users == {}


def test_a_new_worker_starts_from_the_mirror_and_forgets_what_nobody_confirms(world):
    recall(
        world.partition, {R: {"ann": "online", "old": "online"}}, {"ann": "online", "old": "away"}
    )
    world.rooms, world.users = (
        {R: {"ann": "online", "old": "online"}},
        {"ann": "online", "old": "away"},
    )
    told = world.signal("n1", RoomAttached(R, {"ann": "online"}))
    assert told == [("n1", Attached(R, {"ann": "online", "old": "online"}))]
    world.signal("n1", SessionsChanged("ann", "online"))
    assert world.gone(MIRROR) == [("n1", PresenceDiff(R, [], ["old"], []))]
    assert world.rooms == {R: {"ann": "online"}}
    assert world.users == {"ann": "online", "old": None}
    assert MIRROR not in world.partition.users_of


def test_who_leaves_while_the_mirror_still_claims_them_leaves_at_once(world):
    recall(world.partition, {R: {"ann": "online"}}, {})
    world.signal("n1", RoomAttached(R, {"ann": "online"}))
    assert world.signal("n1", PresenceChanged(R, left=("ann",))) == [
        ("n1", PresenceDiff(R, [], ["ann"], []))
    ]


def test_the_mirror_receives_nothing(world):
    recall(world.partition, {R: {"ann": "online"}}, {})
    assert world.partition.rooms[R.encode()].nodes == ()
    assert set(world.partition.nodes()) == set()


states = st.sampled_from(["online", "away"])
names = st.sampled_from(["ann", "bob", "cy"])
bodies = st.one_of(
    st.builds(RoomAttached, st.just(R), st.dictionaries(names, states)),
    st.builds(RoomDetached, st.just(R)),
    st.builds(PresenceChanged, st.just(R), st.tuples(names), st.tuples(names), st.just(())),
    st.builds(PresenceChanged, st.just(R), st.just(()), st.just(()), st.tuples(names)),
)


@given(st.lists(st.tuples(st.sampled_from(["n1", "n2"]), bodies)))
def test_a_node_that_follows_its_deliveries_always_knows_the_merged_state(signals):
    world, views = World(), {}
    for node, body in signals:
        if isinstance(body, RoomDetached):
            views.pop(node, None)
        for to, delivery in world.signal(node, body):
            if isinstance(delivery, Attached):
                views[to] = dict(delivery.state)
            else:
                views[to] |= dict.fromkeys(delivery.joined, "online")
                views[to] |= dict.fromkeys(delivery.away, "away")
                for user in delivery.left:
                    del views[to][user]
        room = world.partition.rooms.get(R.encode())
        expected = (
            {u: room.merged(u) for users in room.by_node.values() for u in users} if room else {}
        )
        assert all(view == expected for view in views.values())
        assert world.rooms.get(R, {}) == expected


def told_of(user):
    return UserNotified(user, "mention", R, 5, "e", "bob", 7, "hi")


def test_a_notification_goes_to_the_nodes_where_its_user_is(world):
    world.partition.settled = True
    world.signal("n1", SessionsChanged("ann", "online"))
    world.signal("n2", SessionsChanged("ann", "away"))
    world.signal("n3", SessionsChanged("bob", "online"))
    sent = world.signal("", told_of("ann"))
    assert sent == [(n, Notify("ann", "mention", R, 5, "e", "bob", 7, "hi")) for n in ("n1", "n2")]
    assert world.signal("", told_of("eve")) == []


def test_as_long_as_nodes_may_not_have_answered_all_are_told(world):
    recall(world.partition, {}, {"ann": "online"})
    assert [node for node, _ in world.signal("", told_of("ann"))] == [EVERY_NODE]
    world.partition.settled = True
    assert world.signal("", told_of("ann")) == []
