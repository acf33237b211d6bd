"""What sessions of one turn are sent, through real sockets, however slowly it is read."""

import asyncio
import socket
import zlib
from contextlib import asynccontextmanager

from ingest.deflate import Deflater
from ingest.session import Outbox, Session
from ingest.sessions import Sessions
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


async def test_the_lines_of_a_turn_are_one_frame_in_their_order():
    outbox = Outbox(Deflater(0))
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


async def test_each_gets_a_shared_line_in_its_own_way_and_it_is_made_once_for_each_way():
    made = []

    class Counting(Deflater):
        def message(self, lines, window_bits):
            made.append(window_bits)
            return super().message(lines, window_bits)

    outbox = Outbox(Counting(0))
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


async def test_what_does_not_fit_waits_and_comes_in_order():
    outbox = Outbox(Deflater(0))
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


async def test_whoever_lets_too_much_wait_is_closed_once():
    class Small(Session):
        flooded_bytes = 600_000

    outbox, counter = Outbox(Deflater(0)), metrics.WS_CLOSED.labels("4008")
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


async def test_the_last_words_come_before_the_close_frame_and_nothing_after_it():
    outbox = Outbox(Deflater(0))
    async with connected(outbox, 0) as ([session], [peer]):
        session.write(b"last words")
        session.close(4001, "draining")
        outbox.share([session], b"too late")
        assert await peer.expect(TEXT) == b"last words"
        assert await peer.code() == 4001


async def test_whoever_is_gone_is_sent_nothing_and_disturbs_nobody():
    outbox = Outbox(Deflater(0))
    async with connected(outbox, 0, 0) as ([gone, here], [leaving, staying]):
        leaving.writer.transport.abort()
        for number in range(3):  # until the system says so, and after
            outbox.share([gone, here], b"%d" % number)
            assert await staying.expect(TEXT) == b"%d" % number
        assert not gone.is_open


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
