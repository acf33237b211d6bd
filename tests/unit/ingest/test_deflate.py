import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.deflate import Deflater, NotDeflated, TooLong, agree, deflate, inflate

BOTH = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.mark.parametrize(
    ("offer", "bits"),
    [
        ("permessage-deflate", 15),
        ("permessage-deflate; client_max_window_bits", 15),
        ("permessage-deflate; client_max_window_bits=8", 15),
        ('permessage-deflate;client_max_window_bits="10"', 15),
        (BOTH, 15),
        ("x-webkit-deflate-frame, permessage-deflate", 15),
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", 15),
        ("permessage-deflate; mystery, permessage-deflate", 15),
    ],
)
def test_the_first_offer_that_can_be_honoured_is_taken(offer, bits):
    assert agree([offer]) == (BOTH, bits)


@pytest.mark.parametrize("bits", range(9, 16))
def test_a_window_that_the_client_wishes_is_promised(bits):
    answer = f"{BOTH}; server_max_window_bits={bits}"
    assert agree([f"permessage-deflate; server_max_window_bits={bits}"]) == (answer, bits)


@pytest.mark.parametrize(
    "offer",
    [
        "",
        "permessage-bzip2",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=x",
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; mystery",
        "permessage-deflate;",
    ],
)
def test_other_offers_are_declined(offer):
    assert agree([offer]) is None
    assert agree([]) is None


def test_offers_may_be_in_several_headers():
    assert agree(["permessage-deflate; mystery", "permessage-deflate"]) == (BOTH, 15)


LINES = st.lists(st.binary(max_size=600), min_size=1, max_size=6)


@given(LINES, st.integers(9, 15))
def test_a_message_is_its_lines_for_whoever_unpacks_it(lines, bits):
    payload, deflated = Deflater(200).message(lines, bits)
    whole = b"\n".join(lines)
    assert deflated is any(len(line) >= 200 for line in lines)
    unpacked = payload
    if deflated:
        unpacked = zlib.decompressobj(-bits).decompress(payload + b"\x00\x00\xff\xff")
        assert inflate(payload, len(whole)) == whole
    assert unpacked == whole


def test_long_lines_that_are_stored_are_cut():
    lines = [b"x" * 70_000, b"y" * 100_000]
    payload, _ = Deflater(100_000).message(lines, 15)
    assert inflate(payload, 200_000) == b"\n".join(lines)


def test_a_line_is_compressed_once_until_it_is_forgotten():
    deflater, line = Deflater(200), b"to be sent to many " * 20
    first, _ = deflater.message([line], 15)
    assert deflater.message([line], 15)[0] is first
    deflater.forget()
    assert deflater.message([line], 15)[0] is not first


def test_a_message_is_unpacked_up_to_the_limit():
    assert inflate(deflate(b"x" * 1_000), 1_000) == b"x" * 1_000
    with pytest.raises(TooLong):
        inflate(deflate(b"x" * 1_001), 1_000)


def test_a_message_may_end_with_a_final_block():
    stream = zlib.compressobj(wbits=-15)
    final = stream.compress(b"hello") + stream.flush()
    assert inflate(final, 10) == inflate(final + b"\x00", 10) == b"hello"
    with pytest.raises(NotDeflated):
        inflate(final + b"more", 10)


@given(st.binary(max_size=300))
def test_whatever_comes_is_unpacked_or_refused(data):
    with suppress(TooLong, NotDeflated):
        assert len(inflate(data, 1_000)) <= 1_000
