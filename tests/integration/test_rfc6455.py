"""Frames as RFC 6455 and RFC 7692 have them, well-formed and not, against a real node.

Autobahn's cases, which want an echo, run against the node's sockets with an echo behind them.
"""

import asyncio
import json
import time
import uuid
import zlib

import psutil
import pytest
from kosoku import FailureError, run_fuzzingclient

from ingest.deflate import deflate
from tests.echo import echo_server
from tests.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    OFFER,
    PING,
    PONG,
    RSV1,
    RSV2,
    RSV3,
    TEXT,
    Peer,
    frame,
)
from tests.people import Member, create_room
from tests.wire import token_of

ASK, ANSWER = b'{"op":"ping"}', b'{"op":"pong"}'
LIMIT = 65_536


@pytest.fixture
def url(stack):
    return stack.status()["ingest"][0]


@pytest.fixture
async def peer(stack, url):
    peer = await Peer.open(url, token_of(stack.data, str(uuid.uuid4())))
    yield peer
    peer.close()


@pytest.fixture
async def deflating(stack, url):
    peer = await Peer.open(url, token_of(stack.data, str(uuid.uuid4())), OFFER)
    yield peer
    peer.close()


def node_bytes(stack):
    """Return the resident memory of the first node."""
    pid = next(s["pid"] for s in stack.status()["services"] if s["name"] == "ingest-1")
    return psutil.Process(pid).memory_info().rss


def padded(size):
    """Return a command of exactly so many bytes."""
    return ASK[:-1] + b" " * (size - len(ASK)) + b"}"


async def autobahn(cases, without=()):
    """Run Autobahn's cases; returns those that failed with the reason."""
    async with echo_server() as echo:
        try:
            results = await run_fuzzingclient(echo, cases, list(without), concurrency=8)
        except FailureError as failure:
            results = failure.results
    assert len(results) > 10
    return {r.case_id: f"{r.result} {r.result_close}" for r in results if not r.passed}


async def test_autobahn_frames_pings_fragments_utf8_closes():
    assert await autobahn(["*"], ["9.*", "12.*", "13.*"]) == {}


async def test_autobahn_long_messages():
    assert await autobahn(["9.*"]) == {}


async def test_autobahn_compression():
    """Each kind of data, each kind of offer, whole and in fragments; not all 18 sizes."""
    sizes = [f"12.{data}.{size}" for data in range(1, 6) for size in (3, 12)]
    offers = [f"13.{offer}.{size}" for offer in range(1, 8) for size in (3,)]
    assert await autobahn([*sizes, *offers]) == {}


# Messages.


@pytest.mark.parametrize("cut", [0, 1, 7, len(ASK)])
async def test_a_message_may_come_in_fragments_with_control_frames_between(peer, cut):
    peer.send(TEXT, ASK[:cut], bits=0)
    peer.send(PING, b"between")
    assert await peer.expect(PONG) == b"between"
    peer.send(PONG, b"unasked")
    peer.send(CONTINUATION, b"", bits=0)
    peer.send(CONTINUATION, ASK[cut:])
    assert await peer.expect(TEXT) == ANSWER


async def test_a_message_may_arrive_byte_by_byte(peer):
    for byte in frame(TEXT, ASK):
        peer.writer.write(bytes((byte,)))
        await asyncio.sleep(0)
    assert await peer.expect(TEXT) == ANSWER


async def test_a_message_of_exactly_the_limit_is_taken_and_one_more_byte_is_not(peer):
    peer.send(TEXT, padded(LIMIT))
    assert await peer.expect(TEXT) == ANSWER
    peer.send(TEXT, padded(LIMIT + 1))
    assert await peer.code() == 1009


async def test_the_limit_is_one_of_the_message_not_of_its_fragments(peer):
    whole = padded(LIMIT)
    for bits, part in ((0, whole[:40_000]), (FIN, whole[40_000:])):
        peer.send(CONTINUATION if bits else TEXT, part, bits)
    assert await peer.expect(TEXT) == ANSWER
    peer.send(TEXT, whole[:40_000], bits=0)
    peer.send(CONTINUATION, whole[40_000:] + b"\n", bits=0)
    assert await peer.code() == 1009


async def test_fragments_of_one_byte_cost_what_their_bytes_cost(peer):
    whole = padded(LIMIT)
    parts = [frame(CONTINUATION, whole[at : at + 1], 0) for at in range(1, LIMIT - 1)]
    packet = b"".join([frame(TEXT, whole[:1], 0), *parts, frame(CONTINUATION, whole[-1:])])
    began = time.monotonic()
    peer.writer.write(packet)
    assert await peer.expect(TEXT) == ANSWER
    assert time.monotonic() - began < 5  # seconds: a copy a fragment would take minutes


async def test_empty_fragments_fill_no_memory(stack, peer):
    peer.send(TEXT, b"", bits=0)
    before = node_bytes(stack)
    for _ in range(200):
        peer.writer.write(frame(CONTINUATION, b"", 0) * 5_000)
        await peer.writer.drain()
    peer.send(CONTINUATION, ASK)
    assert await peer.expect(TEXT) == ANSWER
    assert node_bytes(stack) - before < 20_000_000


@pytest.mark.parametrize("text", ["\N{GRINNING FACE}", "\N{LATIN SMALL LETTER E WITH ACUTE}"])
async def test_a_character_may_be_split_between_fragments(peer, text):
    line = json.dumps({"op": "launch" + text}, ensure_ascii=False).encode()
    cut = line.index(text.encode()) + 1
    peer.send(TEXT, line[:cut], bits=0)
    peer.send(CONTINUATION, line[cut:])
    assert json.loads(await peer.expect(TEXT))["code"] == "bad_request"


@pytest.mark.parametrize(
    "bad", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]
)
@pytest.mark.parametrize("cut", [None, 0, 1])
async def test_what_is_not_utf8_is_refused_also_in_fragments(peer, bad, cut):
    line = b'{"op":"send","id":1,"room":"r","key":"k","text":"' + bad + b'"}'
    if cut is None:
        peer.send(TEXT, line)
    else:
        at = line.index(bad) + cut
        peer.send(TEXT, line[:at], bits=0)
        peer.send(CONTINUATION, line[at:])
    assert await peer.code() == 1007


async def test_no_text_at_all_is_refused_as_such(peer):
    peer.send(TEXT, b"\x80\x81")
    assert await peer.code() == 1007


# Frames that must not come.


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
async def test_unknown_opcodes_are_refused(peer, opcode):
    peer.send(opcode, b"x")
    assert await peer.code() == 1002


@pytest.mark.parametrize("bits", [RSV1, RSV2, RSV3, RSV1 | RSV2 | RSV3])
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
async def test_reserved_bits_are_refused(peer, opcode, bits):
    peer.send(opcode, b"" if opcode == CLOSE else ASK, FIN | bits)
    assert await peer.code() == 1002


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
async def test_control_frames_are_short_and_whole(stack, url, opcode):
    for payload, bits in ((b"\x03\xe8" + b"x" * 124, FIN), (b"", 0)):
        peer = await Peer.open(url, token_of(stack.data, str(uuid.uuid4())))
        peer.send(opcode, payload, bits)
        assert await peer.code() == 1002
        peer.close()


@pytest.mark.parametrize("opcode", [TEXT, PING, CLOSE])
async def test_frames_without_a_mask_are_refused(peer, opcode):
    peer.writer.write(frame(opcode, b"", masked=False))
    assert await peer.code() == 1002


@pytest.mark.parametrize("header", [b"\x81\xfe\x00\x05", b"\x81\xff" + (5).to_bytes(8, "big")])
async def test_a_length_is_written_the_shortest_way(peer, header):
    peer.writer.write(header + bytes(4) + b"hello")
    assert await peer.code() == 1002


async def test_a_length_beyond_all_reason_is_refused_before_it_comes(stack, peer):
    before = node_bytes(stack)
    peer.writer.write(b"\x81\xff" + (2**62).to_bytes(8, "big") + bytes(4))
    assert await peer.code() == 1009
    assert node_bytes(stack) - before < 5_000_000


async def test_a_continuation_needs_a_beginning(peer):
    peer.send(CONTINUATION, ASK)
    assert await peer.code() == 1002


@pytest.mark.parametrize("second", [TEXT, BINARY])
async def test_a_message_does_not_begin_within_another(peer, second):
    peer.send(TEXT, ASK[:3], bits=0)
    peer.send(second, ASK[3:])
    assert await peer.code() == 1002


async def test_a_binary_message_is_refused_at_its_first_fragment(peer):
    peer.send(BINARY, b"x", bits=0)
    assert await peer.code() == 4400


# Pings and closes.


@pytest.mark.parametrize("payload", [b"", b"\x00\xff\xfe", b"x" * 125])
async def test_a_ping_is_answered_with_its_payload(peer, payload):
    peer.send(PING, payload)
    assert await peer.expect(PONG) == payload


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1009, 1011, 3000, 4001, 4999])
async def test_a_close_is_answered_with_its_code(peer, code):
    peer.send(CLOSE, code.to_bytes(2, "big") + "au revoir \N{WAVING HAND SIGN}".encode())
    assert await peer.code() == code


async def test_a_close_without_a_code_is_answered(peer):
    peer.send(CLOSE)
    assert await peer.code() == 1000


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535])
async def test_a_code_that_cannot_be_sent_is_refused(peer, code):
    peer.send(CLOSE, code.to_bytes(2, "big"))
    assert await peer.code() == 1002


async def test_half_a_code_and_a_reason_that_is_no_text_are_refused(stack, url):
    for payload, expected in ((b"\x03", 1002), (b"\x03\xe8\xff\xff", 1007)):
        peer = await Peer.open(url, token_of(stack.data, str(uuid.uuid4())))
        peer.send(CLOSE, payload)
        assert await peer.code() == expected
        peer.close()


async def test_what_follows_a_close_is_not_looked_at(peer):
    peer.send(CLOSE, b"\x03\xe8")
    peer.send(TEXT, ASK)
    assert await peer.expect(CLOSE) == b"\x03\xe8"
    assert await peer.reader.read() == b""


# Compression.


async def test_without_an_offer_nothing_is_compressed(peer):
    assert "Sec-WebSocket-Extensions" not in peer.answer


async def test_the_offer_of_a_browser_is_taken(deflating):
    agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    assert f"Sec-WebSocket-Extensions: {agreed}\r\n" in deflating.answer


@pytest.mark.parametrize("compressed", [True, False])
async def test_a_message_may_be_compressed_or_not(deflating, compressed):
    bits = FIN | (RSV1 if compressed else 0)
    deflating.send(TEXT, deflate(ASK) if compressed else ASK, bits)
    assert await deflating.expect(TEXT) == ANSWER


async def test_a_compressed_message_may_come_in_fragments(deflating):
    data = deflate(padded(LIMIT))
    deflating.send(TEXT, data[:5], RSV1)
    deflating.send(PING, b"between")
    deflating.send(CONTINUATION, data[5:9], 0)
    deflating.send(CONTINUATION, data[9:])
    assert await deflating.expect(PONG) == b"between"
    assert await deflating.expect(TEXT) == ANSWER


async def test_compressed_messages_stand_for_themselves(deflating):
    for _ in range(3):
        deflating.send(TEXT, deflate(ASK), FIN | RSV1)
        assert await deflating.expect(TEXT) == ANSWER


@pytest.mark.parametrize("opcode", [CONTINUATION, PING, PONG, CLOSE])
async def test_only_a_first_frame_says_that_it_is_compressed(deflating, opcode):
    deflating.send(TEXT, ASK[:3], 0)
    deflating.send(opcode, b"", FIN | RSV1)
    assert await deflating.code() == 1002


async def test_what_is_not_deflate_is_refused(deflating):
    deflating.send(TEXT, b"\xff" * 20, FIN | RSV1)
    assert await deflating.code() == 1007


async def test_compressed_text_is_utf8_too(deflating):
    deflating.send(TEXT, deflate(b'{"op":"\xff"}'), FIN | RSV1)
    assert await deflating.code() == 1007


async def test_a_bomb_does_not_go_off(stack, url):
    bomb = deflate(b" " * (60 * 1024 * 1024))
    assert len(bomb) > LIMIT // 2
    before = node_bytes(stack)
    for _ in range(20):
        peer = await Peer.open(url, token_of(stack.data, str(uuid.uuid4())), OFFER)
        for at, part in enumerate((bomb[: LIMIT // 4], bomb[LIMIT // 4 : LIMIT // 2])):
            peer.send(CONTINUATION if at else TEXT, part, FIN if at else RSV1)
        assert await peer.code() == 1009
        peer.close()
    assert node_bytes(stack) - before < 5_000_000


async def test_a_delivery_is_compressed_once_for_all_who_take_it(stack, url):
    owner, *members = [await Member.sign_in(stack.data, [url]) for _ in range(5)]
    room = await create_room(owner, *members)
    offers = ([OFFER], [OFFER], [f"{OFFER}; server_max_window_bits=9"], [])
    peers = []
    for member, offer in zip(members, offers, strict=True):
        peer = await Peer.open(url, token_of(stack.data, member.user_id), *offer)
        peer.ask(op="sub", id=1, room=room)
        while b'"ack"' not in (await peer.next()).payload:
            pass
        peers.append(peer)
    text = "the same words again and again, " * 60
    await owner.post(room, text)
    came = [await event_frame(peer) for peer in peers]
    assert [f.bits for f in came] == [FIN | RSV1, FIN | RSV1, FIN | RSV1, FIN]
    assert came[0] == came[1]
    windows = [-15, -15, -9]
    for one, bits in zip(came, windows, strict=False):
        assert len(one.payload) < len(came[3].payload) / 3
        assert zlib.decompressobj(bits).decompress(one.payload) == came[3].payload
    for peer in peers:
        peer.close()
    for member in (owner, *members):
        await member.client.close()


async def event_frame(peer):
    """Return the next frame with an event, as it came."""
    while True:
        came = await peer.next()
        payload = came.payload
        if came.bits & RSV1:
            payload = zlib.decompressobj(-15).decompress(payload)
        if b'"op":"event"' in payload:
            return came


async def test_lines_of_one_turn_are_one_message_and_the_short_ones_stay_plain(deflating):
    long, short = b'{"op":"%s","id":1}' % (b"x" * 300), b'{"op":"ping","id":2}'
    deflating.send(TEXT, b"\n".join([short, short]))
    came = await deflating.next()
    assert came.bits == FIN
    assert came.payload == b'{"op":"pong","id":2}\n{"op":"pong","id":2}'
    deflating.send(TEXT, b"\n".join([short, long, short, long]))
    came = await deflating.next()
    payload = came.payload
    if came.bits & RSV1:
        payload = zlib.decompressobj(-15).decompress(payload)
    lines = [json.loads(line) for line in payload.split(b"\n")]
    assert [line["op"] for line in lines] == ["pong", "error", "pong", "error"]
