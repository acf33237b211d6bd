"""Blocks and friends on a node: from PostgreSQL, or all of the log, and then as the log goes on."""

import asyncio
import json

import psycopg
import pytest

from ingest.people import LOOK_EVERY_S, People
from roomlog.accounts import (
    FriendAccepted,
    FriendRequested,
    UserBlocked,
    UserDeleted,
    UserEvent,
    UserRegistered,
    UserUnblocked,
)
from schemas import files
from schemas.codec import user_event_codec
from tests.unit.ingest.twins import ALICE, BOB, EVE, MemoryLog

CAROL = "0190b5a1-7c3e-7d4a-9b1e-5f0c2a6d8ec1"
CODEC = user_event_codec(1, {1: files.current("user.events-value")})


class UserLog(MemoryLog):
    async def start(self):
        pass

    async def stop(self):
        pass

    def partitions(self):
        return [0, 1]

    def add(self, actor, body, partition=0):
        self.append(partition, actor, CODEC.encode(UserEvent("e", actor, 0, body)))


class Table:
    """Rows of `blocks`, as they are at offset 1 of partition 0; None: PostgreSQL is away."""

    def __init__(self, pairs):
        self._pairs = pairs

    async def people(self):
        if self._pairs is None:
            raise psycopg.OperationalError("away")
        return {0: 1}, self._pairs, [CAROL]


class Open:
    """A session."""

    def __init__(self, user, closed):
        self.user, self._closed = user, closed

    def close(self, code, reason):
        self._closed.append((self.user, int(code)))


class Told:
    """Stands for the sessions: what each user was told, whose were closed, and who was shown presence anew."""

    def __init__(self):
        self.notices = []
        self.hidden = []
        self.closed = []

    def of_user(self, user):
        return (Open(user, self.closed),)

    def tell(self, user, frame):
        told = json.loads(frame)["d"]
        self.notices.append((user, told["kind"], told["sender"]))


def people_of(log, pairs, told=None):
    told = told or Told()
    return People(
        Table(pairs),
        log,
        CODEC,
        told,
        lambda session: told.hidden.append(session.user),
        lambda: True,
    )


@pytest.mark.parametrize("pairs", [[(ALICE, BOB)], None])
async def test_all_blocks_are_known_from_the_start(pairs):
    log = UserLog()
    log.add(ALICE, UserBlocked(BOB))
    log.add(BOB, UserBlocked(EVE))
    log.add(EVE, UserBlocked(ALICE), partition=1)
    log.append(1, "x", b"poison")
    log.add(EVE, UserUnblocked(ALICE), partition=1)
    told = Told()
    people = people_of(log, pairs, told)
    await people.start()
    assert people.blocks.has(ALICE, BOB)
    assert people.blocks.has(BOB, EVE)
    assert not people.blocks.has(EVE, ALICE)
    assert (told.notices, told.hidden) == ([], [])


async def test_what_comes_is_told_to_whom_it_concerns():
    log, told = UserLog(), Told()
    people = people_of(log, None, told)
    log.add(ALICE, UserRegistered("Alice"))
    await people.start()
    log.add(ALICE, FriendRequested(BOB))
    log.add(BOB, FriendAccepted(ALICE))
    log.add(EVE, UserBlocked(ALICE), partition=1)
    log.add(ALICE, FriendRequested(EVE), partition=1)
    await people.look()
    await people.look()
    assert told.notices == [(BOB, "friend_request", ALICE), (ALICE, "friend_accepted", BOB)]
    assert told.hidden == [ALICE]


async def test_a_word_of_the_api_makes_it_look_at_once():
    log, told = UserLog(), Told()
    people = people_of(log, None, told)
    await people.start()
    watching = asyncio.create_task(people.watch())
    await asyncio.sleep(0)
    log.add(EVE, UserBlocked(ALICE))
    people.hurry()
    async with asyncio.timeout(LOOK_EVERY_S / 2):
        while not people.blocks.has(EVE, ALICE):
            await asyncio.sleep(0)
    watching.cancel()


async def test_who_deleted_their_account_is_known_and_their_sessions_are_closed():
    log, told = UserLog(), Told()
    people = people_of(log, [], told)
    log.add(EVE, UserRegistered("Eve"))
    await people.start()
    assert people.blocks.erased == {CAROL}
    log.add(ALICE, UserDeleted())
    await people.look()
    assert people.blocks.erased == {ALICE, CAROL}
    assert told.closed == [(ALICE, 4102)]


async def test_two_who_ask_at_once_are_both_told_that_they_are_friends():
    log, told = UserLog(), Told()
    people = people_of(log, None, told)
    await people.start()
    log.add(ALICE, FriendRequested(BOB))
    log.add(BOB, FriendRequested(ALICE))
    await people.look()
    assert told.notices == [
        (BOB, "friend_request", ALICE),
        (ALICE, "friend_accepted", BOB),
        (BOB, "friend_accepted", ALICE),
    ]
