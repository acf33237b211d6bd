"""What two people are to each other: the order of the pair's facts decides."""

import itertools

from roomlog.accounts import (
    FriendAccepted,
    FriendRemoved,
    FriendRequested,
    UserBlocked,
    UserEvent,
    UserRegistered,
    UserUnblocked,
)
from roomlog.ids import derived_id, pair_id
from roomlog.relations import NOTHING, Blocks, after, notices

ADA, BOB, EVE = (derived_id(name) for name in ("ada", "bob", "eve"))


def outcome(*facts):
    """Fold (actor, kind) facts about the other of Ada and Bob, one a microsecond."""
    found = NOTHING
    for at, (actor, kind) in enumerate(facts):
        found = after(found, actor, kind(BOB if actor == ADA else ADA), at)
    return found


def test_who_ask_each_other_are_friends_whoever_the_log_has_first():
    for first, second in ((ADA, BOB), (BOB, ADA)):
        found = outcome((first, FriendRequested), (second, FriendRequested))
        assert found.asked == (first, 0, 1)


def test_a_request_is_accepted_by_the_other_alone_and_only_while_it_stands():
    assert outcome((ADA, FriendRequested), (BOB, FriendAccepted)).accepted_at == 1
    assert outcome((ADA, FriendRequested), (ADA, FriendAccepted)).accepted_at is None
    assert outcome((ADA, FriendRequested), (ADA, FriendRequested)).asked == (ADA, 0, None)
    taken_back = outcome((ADA, FriendRequested), (ADA, FriendRemoved), (BOB, FriendAccepted))
    assert taken_back.asked is None


def test_a_block_ends_what_was_and_takes_no_request_until_it_is_taken_back():
    friends = ((ADA, FriendRequested), (BOB, FriendAccepted))
    blocked = outcome(*friends, (ADA, UserBlocked), (BOB, FriendRequested))
    assert blocked.asked is None
    assert dict(blocked.blocked_at) == {ADA: 2}
    both = outcome((ADA, UserBlocked), (BOB, UserBlocked), (ADA, UserBlocked), (BOB, UserUnblocked))
    assert dict(both.blocked_at) == {ADA: 0}
    again = outcome((ADA, UserBlocked), (ADA, UserUnblocked), (BOB, FriendRequested))
    assert again.asked == (BOB, 2, None)


def told(*facts):
    """Return who is told of the last of some (actor, kind) facts, of what, and of whom."""
    *earlier, (actor, kind) = facts
    before, body = outcome(*earlier), kind(BOB if actor == ADA else ADA)
    return notices(before, after(before, actor, body, len(earlier)), actor, body)


def test_a_request_and_a_yes_are_told_once_and_two_who_ask_are_told_both():
    asked = (ADA, FriendRequested)
    assert told(asked) == [(BOB, "friend_request", ADA)]
    assert told(asked, asked) == []
    assert told(asked, (BOB, FriendAccepted)) == [(ADA, "friend_accepted", BOB)]
    both = [(ADA, "friend_accepted", BOB), (BOB, "friend_accepted", ADA)]
    assert told(asked, (BOB, FriendRequested)) == both
    assert told(asked, (BOB, FriendAccepted), (BOB, FriendAccepted)) == []


def test_nothing_is_told_of_the_blocked_of_an_end_or_of_what_nobody_asked():
    for facts in (
        [(BOB, UserBlocked), (ADA, FriendRequested)],
        [(ADA, UserBlocked), (ADA, FriendRequested)],
        [(ADA, FriendAccepted)],
        [(ADA, FriendRequested), (ADA, FriendRemoved)],
        [(ADA, FriendRequested), (ADA, FriendAccepted)],
        [(ADA, FriendRequested), (BOB, UserBlocked)],
    ):
        assert told(*facts) == []


def test_nobody_is_their_own_friend():
    for kind in (FriendRequested, UserBlocked):
        assert after(NOTHING, ADA, kind(ADA), 0) == NOTHING


def test_a_repeated_fact_changes_nothing():
    kinds = (FriendRequested, FriendAccepted, FriendRemoved, UserBlocked, UserUnblocked)
    for facts in itertools.product(itertools.product((ADA, BOB), kinds), repeat=2):
        found = outcome(*facts)
        actor, kind = facts[-1]
        again = after(found, actor, kind(BOB if actor == ADA else ADA), 99)
        assert again == found


def test_both_sides_of_a_pair_have_one_key():
    by_ada = UserEvent("e", ADA, 0, FriendRequested(BOB))
    by_bob = UserEvent("f", BOB, 0, UserBlocked(ADA))
    assert by_ada.key == by_bob.key == pair_id(BOB, ADA)
    assert UserEvent("g", ADA, 0, UserRegistered("Ada")).key == ADA


def test_blocks_are_known_in_one_direction():
    blocks = Blocks([(ADA, BOB)])
    assert blocks.has(ADA, BOB)
    assert not blocks.has(BOB, ADA)
    assert blocks.hidden_from(BOB, [ADA, EVE]) == {ADA}
    assert blocks.hidden_from(EVE, [ADA, BOB]) == set()
    blocks.discard(ADA, EVE)
    assert blocks
    blocks.discard(ADA, BOB)
    assert not blocks
