"""What sessions of one turn are sent, through real sockets, however slowly it is read."""

import asyncio
import random
import socket
import zlib
from contextlib import asynccontextmanager

import pytest

from ingest.deflate import Deflater
from ingest.followers import Followers
from ingest.outbox import Outbox
from ingest.session import Session
from ingest.sessions import Sessions
from ingest.uring import open_ring
from roomlog import metrics
from roomlog.tokens import Claims
from tests.frames import CLOSE, PING, PONG, RSV1, TEXT, Peer, frame
from tests.unit.ingest.twins import ALICE, BOB

LINE = b'{"op":"event","text":"hello hello hello hello hello hello"}'


@asynccontextmanager
async def connected(outbox, *window_bits, kind=Session):
    """Give a session for each number of window bits, and who is at the other end of each."""
    loop = asyncio.get_running_loop()
    sessions, peers = [], []
    for bits in window_bits:
        here, there = socket.socketpair()
        here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        calls = (nothing, nothing, nothing)
        claims = Claims(ALICE, "s1", "Alice", "", 0)
        _, session = await loop.connect_accepted_socket(
            lambda bits=bits: kind(claims, outbox, *calls, bits),  # noqa: B023
            here,
        )
        sessions.append(session)
        peers.append(Peer(*await asyncio.open_connection(sock=there)))
    yield sessions, peers
    for session, peer in zip(sessions, peers, strict=True):
        peer.close()
        if (transport := session.out) is not None:
            transport.abort()


def nothing(*_):
    pass


@pytest.fixture(params=["io_uring", "one by one"])
def ring(request):
    return open_ring() if request.param == "io_uring" else None


async def test_the_lines_of_a_turn_are_one_frame_in_their_order(ring):
    outbox = Outbox(Deflater(0), ring)
    async with connected(outbox, 0, 0, 0) as (sessions, peers):
        first, second, third = sessions
        first.write(b"own 1")
        outbox.share(sessions, b"shared 1")
        second.write(b"own 2")
        outbox.share([first, third], b"shared 2")
        got = [await peer.expect(TEXT) for peer in peers]
        assert got == [
            b"own 1\nshared 1\nshared 2",
            b"shared 1\nown 2",
            b"shared 1\nshared 2",
        ]
        outbox.share(sessions, b"next turn")
        assert [await peer.expect(TEXT) for peer in peers] == [b"next turn"] * 3


async def test_each_gets_a_shared_line_in_its_own_way_and_it_is_made_once_for_each_way(ring):
    made = []

    class Counting(Deflater):
        def message(self, lines, window_bits):
            made.append(window_bits)
            return super().message(lines, window_bits)

    outbox = Outbox(Counting(0), ring)
    async with connected(outbox, 0, 15, 9, 15, 0) as (sessions, peers):
        outbox.share(sessions, LINE)
        for session, peer in zip(sessions, peers, strict=True):
            came = await peer.next()
            if session.window_bits:
                assert came.bits & RSV1
                inflate = zlib.decompressobj(-session.window_bits)
                assert inflate.decompress(came.payload + b"\x00\x00\xff\xff") == LINE
            else:
                assert came.payload == LINE
    assert sorted(made) == [9, 15]


async def test_what_does_not_fit_waits_and_comes_in_order(ring):
    outbox = Outbox(Deflater(0), ring)
    async with connected(outbox, 0, 0) as ([slow, quick], [late, prompt]):
        sent = []
        for number in range(50):
            line = b"%d " % number + b"x" * 4_000
            outbox.share([slow, quick], line)
            assert await prompt.expect(TEXT) == line
            sent.append((TEXT, line))
            if number % 10 == 0:
                slow.data_received(frame(PING, b"%d" % number))
                sent.append((PONG, b"%d" % number))
        assert slow.may_wait
        assert not quick.may_wait
        for wanted in sent:
            came = await late.next()
            assert (came.opcode, came.payload) == wanted
        outbox.share([slow], b"right away again")
        assert await late.expect(TEXT) == b"right away again"
        assert not slow.may_wait


async def test_whoever_lets_too_much_wait_is_closed_once(ring):
    class Small(Session):
        flooded_bytes = 600_000

    outbox, counter = Outbox(Deflater(0), ring), metrics.WS_CLOSED.labels("4008")
    before = counter._value.get()
    async with connected(outbox, 0, kind=Small) as ([session], [peer]):
        for _ in range(1_000):
            outbox.share([session], b"x" * 4_000)
            outbox.flush()
        assert not session.is_open
        assert counter._value.get() == before + 1
        session.write(b"too late")
        outbox.flush()
        while (came := await peer.next()).opcode == TEXT:
            assert came.payload == b"x" * 4_000
        assert (came.opcode, came.payload[:2]) == (CLOSE, (4008).to_bytes(2, "big"))
        assert await peer.reader.read() == b""


async def test_the_last_words_come_before_the_close_frame_and_nothing_after_it(ring):
    outbox = Outbox(Deflater(0), ring)
    async with connected(outbox, 0) as ([session], [peer]):
        session.write(b"last words")
        session.close(4001, "draining")
        outbox.share([session], b"too late")
        assert await peer.expect(TEXT) == b"last words"
        assert await peer.code() == 4001


async def test_whoever_is_gone_is_sent_nothing_and_disturbs_nobody(ring):
    outbox = Outbox(Deflater(0), ring)
    async with connected(outbox, 0, 0) as ([gone, here], [leaving, staying]):
        leaving.writer.transport.abort()
        for number in range(3):  # until the system says so, and after
            outbox.share([gone, here], b"%d" % number)
            assert await staying.expect(TEXT) == b"%d" % number
        assert not gone.is_open


# Lines for all who follow a room.


def room_of(sessions):
    followers = Followers()
    for session in sessions:
        followers.add(session)
    return followers


async def test_all_of_a_room_get_its_line_each_in_its_own_way(ring):
    outbox = Outbox(Deflater(0), ring)
    async with connected(outbox, *[0, 15, 9, 0] * 10) as (sessions, peers):
        room = room_of(sessions)
        for number in range(3):
            outbox.share_all(room, LINE + b"%d" % number)
            for session, peer in zip(sessions, peers, strict=True):
                came = await peer.next()
                payload = came.payload
                if session.window_bits:
                    inflate = zlib.decompressobj(-session.window_bits)
                    payload = inflate.decompress(payload + b"\x00\x00\xff\xff")
                assert payload == LINE + b"%d" % number


async def test_lines_of_ones_own_stand_before_and_behind_those_of_all_in_one_frame(ring):
    outbox = Outbox(Deflater(0), ring)
    async with connected(outbox, *[0] * 70) as (sessions, peers):
        first, second = room_of(sessions[:40]), room_of(sessions[38:])
        sessions[0].write(b"own")
        outbox.share_all(first, b"first")
        sessions[0].write(b"own too")
        sessions[1].write(b"own")
        outbox.share([sessions[1], sessions[2]], b"some")
        outbox.share_all(second, b"second")
        got = [await peer.expect(TEXT) for peer in peers]
    assert got[:3] == [b"own\nfirst\nown too", b"first\nown\nsome", b"first\nsome"]
    assert got[3:38] == [b"first"] * 35
    assert got[38:40] == [b"first\nsecond"] * 2
    assert got[40:] == [b"second"] * 30


async def test_whoever_comes_after_a_line_does_not_get_it_and_whoever_goes_does(ring):
    outbox = Outbox(Deflater(0), ring)
    async with connected(outbox, *[0] * 41) as (sessions, peers):
        room = room_of(sessions[:40])
        outbox.share_all(room, b"1")
        room.discard(sessions[0])
        room.discard(sessions[0])
        room.add(sessions[40])
        outbox.flush()
        outbox.share_all(room, b"2")
        got = [await peer.expect(TEXT) for peer in peers]
        assert got == [b"1"] * 40 + [b"2"]
        assert [await peer.expect(TEXT) for peer in peers[1:40]] == [b"2"] * 39


async def test_a_line_of_all_goes_behind_what_waits_and_never_into_it(ring):
    outbox = Outbox(Deflater(0), ring)
    async with connected(outbox, *[0] * 40) as (sessions, peers):
        slow, late, room = sessions[5], peers[5], room_of(sessions)
        sent = []
        for number in range(60):
            line = b"%d " % number + b"x" * 4_000
            outbox.share_all(room, line)
            if number % 10 == 0:  # answered at once, between a line and its sending
                slow.data_received(frame(PING, b"y" * 125))
                sent.append((PONG, b"y" * 125))
            sent.append((TEXT, line))
            for peer in peers:
                if peer is not late:
                    assert await peer.expect(TEXT) == line
        assert outbox.apart == {slow}
        for wanted in sent:
            came = await late.next()
            assert (came.opcode, came.payload) == wanted
        outbox.share_all(room, b"right away again")
        assert await late.expect(TEXT) == b"right away again"
        assert outbox.apart == set()


async def test_a_line_of_all_is_among_the_last_words_and_nothing_follows_them(ring):
    outbox = Outbox(Deflater(0), ring)
    async with connected(outbox, *[0] * 40) as (sessions, peers):
        room = room_of(sessions)
        outbox.share_all(room, b"in time")
        sessions[7].close(4001, "draining")
        outbox.share_all(room, b"too late")
        assert await peers[7].expect(TEXT) == b"in time"
        assert await peers[7].code() == 4001
        assert await peers[8].expect(TEXT) == b"in time\ntoo late"
        outbox.share_all(room, b"much too late")  # while it is still in the room
        assert await peers[8].expect(TEXT) == b"much too late"
        assert await peers[7].reader.read() == b""


async def test_whoever_is_gone_disturbs_nobody_of_the_room(ring):
    outbox = Outbox(Deflater(0), ring)
    async with connected(outbox, *[0] * 40) as (sessions, peers):
        room = room_of(sessions)
        peers[3].writer.transport.abort()
        for number in range(3):  # until the system says so, and after
            outbox.share_all(room, b"%d" % number)
            for peer in (*peers[:3], *peers[4:]):
                assert await peer.expect(TEXT) == b"%d" % number
        assert not sessions[3].is_open
        room.discard(sessions[3])
        assert outbox.apart == set()


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_is_sent_in_a_turn_comes_as_one_frame_in_its_order(ring, seed):
    chance, outbox = random.Random(seed), Outbox(Deflater(0), ring)
    async with connected(outbox, *[0] * 80) as (sessions, peers):
        rooms = [room_of(chance.sample(sessions, size)) for size in (5, 33, 40, 60, 80)]
        for _ in range(6):
            wanted = {session: [] for session in sessions}
            for number in range(chance.randrange(1, 8)):
                line, room = b"%d" % number, chance.choice(rooms)
                match chance.randrange(4):
                    case 0:
                        to = chance.sample(sessions, chance.choice([1, 3, 50]))
                        outbox.share(to, line)
                    case 1:
                        to = [chance.choice(sessions)]
                        to[0].write(line)
                    case _:
                        to = list(room)
                        outbox.share_all(room, line)
                for session in to:
                    wanted[session].append(line)
            outbox.flush()
            for session, peer in zip(sessions, peers, strict=True):
                if wanted[session]:
                    assert await peer.expect(TEXT) == b"\n".join(wanted[session])
            moving, room = chance.choice(sessions), chance.choice(rooms)
            (room.discard if moving in room else room.add)(moving)


class Known:
    def __init__(self, user):
        self.user = user


def test_the_sessions_of_a_user_are_found_while_they_last():
    sessions = Sessions()
    one, two, other = Known(ALICE), Known(ALICE), Known(BOB)
    for session in (one, two, other):
        sessions.add(session)
    assert set(sessions.of_user(ALICE)) == {one, two}
    assert list(sessions.of_user(BOB)) == [other]
    sessions.discard(one)
    sessions.discard(one)
    assert list(sessions.of_user(ALICE)) == [two]
    sessions.discard(two)
    sessions.discard(other)
    assert not list(sessions.of_user(ALICE))
    assert len(sessions) == 0
