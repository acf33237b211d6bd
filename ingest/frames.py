"""Frames as RFC 6455 has them: a client's from bytes, a node's to bytes, and what must not come. Pure."""

import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
"""Opcodes."""
FIN, RSV1, RSV2, RSV3 = 0x80, 0x40, 0x20, 0x10
"""Bits beside the opcode in a frame's first byte."""
FIN_TEXT = FIN | TEXT
NORMAL, PROTOCOL_ERROR, INVALID_DATA, TOO_BIG, INTERNAL_ERROR = 1000, 1002, 1007, 1009, 1011
"""Close codes of the RFC; those of the protocol are in `roomlog.errors`."""

_MASKED = 0x80
_MOST_SHORT_BYTES = 125
_OPCODES = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
_SENDABLE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""RFC 6455, 7.4, and what IANA has added since; others must not come."""


class Breach(Exception):
    """What came breaks the protocol: the connection ends with this close code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def next_frame(data: bytes, at: int, most_bytes: int) -> tuple[int, bytes, int] | None:
    """Return a client's frame that begins at an offset: its first byte, its payload, where it ends.

    None: it is not all there. Raises Breach as soon as its header shows that it must not come, or that
    it has more than `most_bytes`.
    """
    if len(data) - at < 2:
        return None
    first, second = data[at], data[at + 1]
    if first != FIN_TEXT:
        _check(first, second)
    if second < _MASKED:
        raise Breach(PROTOCOL_ERROR, "a client masks its frames")
    start, size = at + 6, second - _MASKED
    if size > _MOST_SHORT_BYTES:
        if (measured := _measured(data, at, size)) is None:
            return None
        start, size = measured
        if size > most_bytes:
            raise Breach(TOO_BIG, f"more than {most_bytes} bytes")
    stop = start + size
    if stop > len(data):
        return None
    mask = int.from_bytes((data[start - 4 : start] * ((size + 3) >> 2))[:size], "little")
    payload = int.from_bytes(data[start:stop], "little") ^ mask
    return first, payload.to_bytes(size, "little"), stop


def _check(first: int, second: int) -> None:
    opcode = first & 0x0F
    if opcode not in _OPCODES:
        raise Breach(PROTOCOL_ERROR, f"{opcode} is not an opcode")
    if first & (RSV2 | RSV3):
        raise Breach(PROTOCOL_ERROR, "a reserved bit is set")
    if opcode < CLOSE:
        return
    if not first & FIN or second & ~_MASKED > _MOST_SHORT_BYTES:
        raise Breach(PROTOCOL_ERROR, "a control frame is whole and short")
    if first & RSV1:
        raise Breach(PROTOCOL_ERROR, "a control frame cannot be compressed")


def _measured(data: bytes | bytearray, at: int, size: int) -> tuple[int, int] | None:
    """Return where a long frame's payload starts and its size, None while that is not all there."""
    width = 2 if size == _MOST_SHORT_BYTES + 1 else 8
    start = at + 6 + width
    if len(data) < start - 4:
        return None
    size = int.from_bytes(data[at + 2 : at + 2 + width], "big")
    if size <= (_MOST_SHORT_BYTES if width == 2 else 0xFFFF):
        raise Breach(PROTOCOL_ERROR, "a length is written the shortest way")
    return start, size


def bytes_needed(begun: bytes | bytearray) -> int:
    """Return how many bytes a frame that has begun has at least, by what its header tells so far."""
    if len(begun) < 2:
        return 2
    size = begun[1] & ~_MASKED
    if size <= _MOST_SHORT_BYTES:
        return 6 + size
    measured = _measured(begun, 0, size)
    return len(begun) + 1 if measured is None else sum(measured)


def closing_code(payload: bytes) -> int:
    """Return the code with which to answer a close frame; raises Breach for one that must not come."""
    if not payload:
        return NORMAL
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or code not in _SENDABLE_CODES:
        raise Breach(PROTOCOL_ERROR, "not a close code that can be sent")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise Breach(INVALID_DATA, "not UTF-8") from None
    return code


def framed(payload: bytes, opcode: int = TEXT, deflated: bool = False) -> bytes:
    """Return a message as one frame, the same for any number of connections."""
    first, size = FIN | opcode | (RSV1 if deflated else 0), len(payload)
    if size <= _MOST_SHORT_BYTES:
        return bytes((first, size)) + payload
    if size <= 0xFFFF:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """Return a close frame; the reason is for people and has 123 bytes at most."""
    return framed(code.to_bytes(2, "big") + reason.encode(), CLOSE)
