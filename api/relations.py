"""Friends and blocks: what a person asks for becomes a fact in the log, whose order decides what it means.

The API looks at the read models to give a good answer; what counts is the fold (`roomlog.relations`).
"""

import time
from collections.abc import Collection, Sequence
from typing import Any, Literal

from api.kafka import KafkaAway
from api.postgres import Row
from api.problems import Problem, unavailable
from api.projected import wait_until
from api.reads import no_such_room
from api.services import Services
from api.sql import people as people_sql
from api.sql import servers as servers_sql
from roomlog.accounts import RelationBody, UserEvent
from roomlog.cursors import Cursor
from roomlog.errors import ErrorCode
from roomlog.ids import is_id, new_id
from roomlog.tokens import Claims

MAX_FRIENDS = 1_000
MAX_REQUESTS = 200
MAX_BLOCKED = 1_000
LISTED = 2_000

State = Literal["none", "requested", "asked", "friends"]


class Other:
    """Another person, and what they are to the user who asks."""

    def __init__(self, row: Row, me: str) -> None:
        self.id: str = row["id"]
        self.blocks_me: bool = row["blocks_me"]
        self.is_blocked = row["blocked_at"] is not None
        self.state = state_of(row, me)

    def body(self) -> dict[str, Any]:
        """Return the answer that tells it."""
        return {"user": self.id, "state": self.state, "blocked": self.is_blocked}


def state_of(row: Row, me: str) -> State:
    """Return what a row of `friendships` is to one of its two."""
    if row["asked_by"] is None:
        return "none"
    if row["accepted_at"] is not None:
        return "friends"
    return "requested" if row["asked_by"] == me else "asked"


async def find_other(use: Services, me: str, user: str) -> Other:
    """Return another person; raises Problem (404, 422)."""
    if user == me:
        raise Problem(ErrorCode.BAD_REQUEST, "this is yourself")
    params = {"user_id": me, "other_id": user}
    row = await use.postgres.one(people_sql.RELATION, params) if is_id(user) else None
    if row is None:
        raise no_such_user()
    return Other(row, me)


async def record(use: Services, who: Claims, other: Other, body: RelationBody) -> Other:
    """Store a fact and return what the two are after it; raises Problem (429, 503, 504).

    To repeat what was answered by 503 or 504 is safe: a fact that is there already changes nothing.
    """
    use.limits.write(who.user_id)
    event = UserEvent(new_id(), who.user_id, time.time_ns() // 1_000, body)
    try:
        (stored,) = await use.user_events.publish([event])
    except KafkaAway:
        raise unavailable("the log") from None
    await use.valkey.announce_people()
    cursor = Cursor(use.settings.epoch, stored.offset)
    await wait_until(use.postgres, stored.partition, cursor, servers_sql.USERS_PROJECTED)
    return await find_other(use, who.user_id, other.id)


async def require_room_for(use: Services, me: str, *, asks: bool) -> None:
    """Raise Problem (403) for who has as many friends, or who asks and has as many requests, as there may be."""
    found = await use.postgres.one(people_sql.COUNT_FRIENDS, {"user_id": me}) or {}
    if found["friends"] >= MAX_FRIENDS:
        raise Problem(ErrorCode.FORBIDDEN, f"you have {MAX_FRIENDS} friends; remove some first")
    if asks and found["requests"] >= MAX_REQUESTS:
        told = f"{MAX_REQUESTS} of your requests wait for an answer; take some back first"
        raise Problem(ErrorCode.FORBIDDEN, told)


async def require_fewer_blocked(use: Services, me: str) -> None:
    """Raise Problem (403) for who has blocked as many people as there may be."""
    found = await use.postgres.one(people_sql.COUNT_BLOCKED, {"user_id": me}) or {}
    if found["count"] >= MAX_BLOCKED:
        raise Problem(ErrorCode.FORBIDDEN, f"you have blocked {MAX_BLOCKED} people; unblock some")


async def blockers(use: Services, people: Collection[str]) -> set[str]:
    """Return those of some people who have blocked the user of the request."""
    if not people:
        return set()
    ids = [person for person in people if is_id(person)]
    return {row["id"] for row in await use.postgres.all(people_sql.BLOCKERS, {"ids": ids})}


async def require_open_to(use: Services, me: str, members: Sequence[str]) -> None:
    """Raise Problem for a direct room with somebody who blocked the user (404), or whom they blocked (403).

    Nodes decide the same once more; here it is known without the way there.
    """
    for user in members[:2]:
        params = {"user_id": me, "other_id": user}
        row = (
            await use.postgres.one(people_sql.RELATION, params)
            if is_id(user) and user != me
            else None
        )
        if row is not None and row["blocks_me"]:
            raise no_such_room()
        if row is not None and row["blocked_at"] is not None:
            raise blocked()


def blocked() -> Problem:
    """Return the problem that the user has blocked somebody whom they want something of."""
    return Problem(ErrorCode.FORBIDDEN, "you have blocked this person; unblock them first")


def no_such_user() -> Problem:
    """Return the one answer for people who are not there and people who want to hear nothing."""
    return Problem(ErrorCode.NOT_FOUND, "there is no such user")
