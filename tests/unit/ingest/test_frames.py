"""RFC 6455's frames, whole and cut anywhere, and what must not come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.frames import (
    FIN_TEXT,
    Breach,
    bytes_needed,
    close_frame,
    closing_code,
    framed,
    next_frame,
)
from tests.frames import BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, RSV1, RSV2, TEXT, frame

MOST = 70_000
SIZES = [0, 1, 3, 4, 125, 126, 127, 65_535, 65_536, MOST]


@pytest.mark.parametrize("size", SIZES)
def test_a_frame_is_read_wherever_it_begins(size):
    payload = bytes(n % 251 for n in range(size))
    data = b"before" + frame(TEXT, payload) + b"after"
    assert next_frame(data, 6, MOST) == (FIN_TEXT, payload, len(data) - 5)


@given(st.sampled_from([0, 5, 125, 126, 300]), st.data())
def test_of_a_frame_that_is_not_all_there_nothing_is_taken(size, data):
    whole = frame(TEXT, b"x" * size)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert next_frame(whole[:cut], 0, MOST) is None


@given(st.sampled_from(SIZES), st.data())
def test_how_much_a_frame_needs_is_told_by_its_header_and_never_too_much(size, data):
    whole = frame(TEXT, b"x" * size)
    cut = data.draw(st.integers(0, min(len(whole), 20)))
    needed = bytes_needed(whole[:cut])
    assert needed <= len(whole)
    assert needed > cut or cut == len(whole)
    if cut >= 14:
        assert needed == len(whole)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        *((frame(opcode), 1002) for opcode in (3, 4, 5, 6, 7, 11, 15)),
        *((frame(opcode, b"", FIN | RSV2), 1002) for opcode in (TEXT, BINARY, PING)),
        *((frame(opcode, b"", FIN | RSV1), 1002) for opcode in (PING, PONG, CLOSE)),
        *((frame(opcode, b"", 0), 1002) for opcode in (PING, PONG, CLOSE)),
        *((frame(opcode, b"x" * 126), 1002) for opcode in (PING, PONG, CLOSE)),
        *((frame(opcode, b"x", masked=False), 1002) for opcode in (TEXT, CONTINUATION, PING)),
        (b"\x81\xfe\x00\x7d", 1002),
        (b"\x81\xff" + (0xFFFF).to_bytes(8, "big"), 1002),
        (b"\x81\xff" + (MOST + 1).to_bytes(8, "big"), 1009),
        (b"\x81\xff" + (2**63).to_bytes(8, "big"), 1009),
    ],
)
def test_what_must_not_come_is_refused_by_its_header(data, code):
    with pytest.raises(Breach) as caught:
        next_frame(data, 0, MOST)
    assert caught.value.code == code


@pytest.mark.parametrize("size", SIZES)
def test_what_goes_out_is_not_masked_and_says_its_length_the_shortest_way(size):
    assert framed(b"x" * size) == frame(TEXT, b"x" * size, masked=False)
    assert framed(b"x" * size, BINARY, deflated=True)[0] == FIN | RSV1 | BINARY


def test_a_close_frame_has_its_code_and_a_reason():
    assert close_frame(4008, "slow") == frame(CLOSE, b"\x0f\xa8slow", masked=False)


def test_a_close_is_answered_with_its_code_if_that_can_be_sent():
    assert closing_code(b"") == 1000
    assert closing_code(b"\x0f\xa8" + "\N{WAVING HAND SIGN}".encode()) == 4008
    for payload, code in ((b"\x03", 1002), (b"\x03\xed", 1002), (b"\x03\xe8\xff", 1007)):
        with pytest.raises(Breach) as caught:
            closing_code(payload)
        assert caught.value.code == code
