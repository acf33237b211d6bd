"""What two people are to each other: nothing, a request, friends; and who has blocked whom. Pure.

The facts of a pair stand in one partition of `user.events`, so that their order is the log's. What each of them
means is decided here, at its place: two people who ask each other at once, by way of two API processes, are friends
when the log has the second request.
"""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Literal, NamedTuple

from roomlog.accounts import (
    FriendAccepted,
    FriendRemoved,
    FriendRequested,
    RelationBody,
    UserBlocked,
    UserUnblocked,
)

Pair = tuple[str, str]
"""Two users, the smaller id first."""


def pair(one: str, other: str) -> Pair:
    """Return two users as a pair."""
    return (one, other) if one < other else (other, one)


class Relation(NamedTuple):
    """What stands between two people; times in microseconds since 1970."""

    asked_by: str = ""
    """Who of them asked first; "" where neither did."""
    asked_at: int = 0
    accepted_at: int | None = None
    """Since when they are friends; None: it is a request."""
    blocked_at: "MappingProxyType[str, int] | dict[str, int]" = MappingProxyType({})
    """Who of them has blocked the other, and since when."""

    @property
    def asked(self) -> tuple[str, int, int | None] | None:
        """Request or friendship as a row; None where there is neither."""
        return self[:3] if self.asked_by else None


NOTHING = Relation()


class Notice(NamedTuple):
    """Somebody is to be told of what another did."""

    user: str
    kind: Literal["friend_request", "friend_accepted"]
    sender: str


def after(before: Relation, actor: str, body: RelationBody, at: int) -> Relation:
    """Return what two people are to each other once one of them did something; nothing may have changed."""
    match body:
        case FriendRequested(other_id=other):
            if before.blocked_at or actor == other or before.accepted_at is not None:
                return before
            if not before.asked_by:
                return before._replace(asked_by=actor, asked_at=at)
            return before if before.asked_by == actor else before._replace(accepted_at=at)
        case FriendAccepted(other_id=other):
            waits = before.asked_by == other and before.accepted_at is None
            return before._replace(accepted_at=at) if waits else before
        case FriendRemoved():
            return Relation(blocked_at=before.blocked_at)
        case UserBlocked(other_id=other):
            if actor == other:
                return before
            return Relation(blocked_at={actor: at, **before.blocked_at})
        case UserUnblocked():
            rest = {user: since for user, since in before.blocked_at.items() if user != actor}
            return before._replace(blocked_at=rest)


def notices(before: Relation, now: Relation, actor: str, body: RelationBody) -> list[Notice]:
    """Return who is told of what one person did about another, by what the two were and are now.

    The other is told of a request and of a yes to their own. Two who asked each other are told both.
    """
    other = body.other_id
    if now.asked_by and not before.asked_by:
        return [Notice(other, "friend_request", actor)]
    if now.accepted_at is None or before.accepted_at is not None:
        return []
    told = [Notice(other, "friend_accepted", actor)]
    if isinstance(body, FriendRequested):
        told.append(Notice(actor, "friend_accepted", other))
    return told


class Blocks:
    """Who has blocked whom; false where nobody has. And whose accounts are gone."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._of: dict[str, set[str]] = {}
        self.erased: set[str] = set()
        """People who deleted their accounts."""
        for blocker, blocked in pairs:
            self.add(blocker, blocked)

    def __bool__(self) -> bool:
        return bool(self._of)

    def has(self, blocker: str, blocked: str) -> bool:
        """Tell whether the one has blocked the other."""
        return blocked in self._of.get(blocker, ())

    def hidden_from(self, viewer: str, users: Iterable[str]) -> set[str]:
        """Return those of the users who have blocked the viewer."""
        return {user for user in users if user in self._of and viewer in self._of[user]}

    def blockers(self, users: Iterable[str]) -> list[str]:
        """Return those of the users who have blocked anybody."""
        return [user for user in users if user in self._of]

    def add(self, blocker: str, blocked: str) -> None:
        """A person blocked another."""
        self._of.setdefault(blocker, set()).add(blocked)

    def discard(self, blocker: str, blocked: str) -> None:
        """A person took a block back."""
        found = self._of.get(blocker)
        if found is not None:
            found.discard(blocked)
            if not found:
                del self._of[blocker]
