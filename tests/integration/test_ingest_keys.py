"""Idempotency keys in a real Valkey."""

import asyncio
import uuid

import pytest

from ingest.keys import KEPT_S, ConnectionEnded, Keys, KeysUnavailable, Reservation
from ingest.valkey import connect
from ingest.writes import Write
from roomlog import ids
from roomlog.leases import lease_key
from roomlog.protocol.commands import PostMessage

ROOM = str(uuid.uuid4())


def write(key=None, text="hi", base=7):
    command = PostMessage(id=1, key=key or str(uuid.uuid4()), room=ROOM, text=text)
    made = Write(command, None, ROOM, ids.event_id("u", ROOM, command.key), "u", None, 0.0)
    made.base = base
    return made


def held(write, owner):
    return Reservation(write.digest, write.base, owner)


@pytest.fixture
async def valkey(stack):
    client = connect(stack.status()["valkey"])
    yield client
    await client.aclose()


@pytest.fixture
async def nodes(valkey):
    nodes = [Keys(valkey, f"test-{n}-0123abcd") for n in range(2)]
    yield nodes
    for keys in nodes:
        await keys.close()


@pytest.fixture
async def without_msetex(valkey):
    """A user for whom the command is not there, as on older servers."""
    await valkey.execute_command("ACL SETUSER old on nopass ~* &* +@all -msetex")
    arguments = valkey.connection_pool.connection_kwargs
    client = connect(f"redis://old:x@{arguments['host']}:{arguments['port']}")
    yield client
    await client.aclose()
    await valkey.execute_command("ACL DELUSER old")


async def test_new_ids_are_reserved_for_a_day(nodes, valkey):
    one, _ = nodes
    writes = [write(base=2**47 + n) for n in range(3)]
    assert await one.reserve(writes) == {}
    key = b"rk:" + uuid.UUID(writes[2].event_id).bytes
    assert 0 < await valkey.ttl(key) <= KEPT_S
    assert len(await valkey.get(key)) == 8 + 6 + len("test-0-0123abcd")


async def test_a_taken_id_is_told_and_the_others_are_reserved(nodes):
    one, other = nodes
    first = [write(base=2**47), write()]
    assert await one.reserve(first) == {}
    new = write()
    repeated = write(key=first[0].command.key, text="another body", base=9)
    assert await other.reserve([new, repeated]) == {1: held(first[0], "test-0-0123abcd")}
    assert await one.reserve([new]) == {0: held(new, "test-1-0123abcd")}


async def test_of_the_same_id_twice_in_one_call_the_first_counts(nodes):
    one, _ = nodes
    first = write()
    again = write(key=first.command.key, text="another body")
    assert await one.reserve([first, again]) == {1: held(first, "test-0-0123abcd")}


async def test_nothing_is_reserved_twice_by_two_nodes_at_once(nodes):
    one, other = nodes
    for number in range(50):
        mine = [write() for _ in range(1 + number % 5)]
        theirs = [write(key=w.command.key) for w in mine[::2]]
        taken, given = await asyncio.gather(one.reserve(mine), other.reserve(theirs))
        won_by_one = {w.event_id for n, w in enumerate(mine) if n not in taken}
        won_by_other = {w.event_id for n, w in enumerate(theirs) if n not in given}
        assert not won_by_one & won_by_other
        assert won_by_one | won_by_other == {w.event_id for w in mine}


async def test_a_server_without_the_command_does_as_well(without_msetex, nodes):
    _, other = nodes
    old = Keys(without_msetex, "test-0-0123abcd")
    try:
        for _ in range(2):
            first = [write(), write()]
            assert await old.reserve(first) == {}
            assert await other.reserve([first[1]]) == {0: held(first[1], "test-0-0123abcd")}
            assert await old.reserve([write(), first[0]]) == {1: held(first[0], "test-0-0123abcd")}
    finally:
        await old.close()


async def test_a_connection_that_the_server_has_ended_is_made_again(nodes, valkey):
    one, _ = nodes
    assert await one.reserve([write()]) == {}
    number = await one._connection.call(b"*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n", 1.0)
    assert await valkey.execute_command("CLIENT KILL ID", number) == 1
    with pytest.raises(ConnectionEnded):
        await one.reserve([write()])
    assert await one.reserve([write()]) == {}


async def test_an_answer_that_comes_too_late_is_not_taken_for_the_next(nodes, valkey):
    one, _ = nodes
    known = write()
    assert await one.reserve([known]) == {}
    await valkey.execute_command("CLIENT PAUSE 700 ALL")
    with pytest.raises(KeysUnavailable):
        await one.reserve([write()])
    with pytest.raises(KeysUnavailable):
        await one.reserve([write()])  # not asked at all: Valkey is given time
    await asyncio.sleep(0.6)
    assert await one.reserve([known]) == {0: held(known, "test-0-0123abcd")}
    assert await one.reserve([write()]) == {}


async def test_the_id_of_a_dead_node_is_taken_over_once(nodes):
    one, other = nodes
    first = write()
    await one.reserve([first])
    found = held(first, "test-0-0123abcd")
    assert not await other.take_over(first, found, lives=True)
    assert await other.take_over(first, found, lives=False)
    assert not await one.take_over(first, found, lives=False)
    assert await one.reserve([first]) == {0: held(first, "test-1-0123abcd")}


async def test_only_what_a_node_holds_itself_is_given_up(nodes):
    one, other = nodes
    mine, theirs = write(), write()
    await one.reserve([mine])
    await other.reserve([theirs])
    await one.release([mine.event_id, theirs.event_id])
    assert await other.reserve([mine]) == {}
    assert await one.reserve([theirs]) == {0: held(theirs, "test-1-0123abcd")}
    assert not await one.take_over(mine, held(mine, "test-0-0123abcd"), lives=True)


async def test_who_has_a_lease_lives(nodes, valkey):
    one, _ = nodes
    await valkey.set(lease_key("test-0-0123abcd"), "{}", px=5_000)
    assert await one.living({"test-0-0123abcd", "test-9-0123abcd"}) == {"test-0-0123abcd"}
