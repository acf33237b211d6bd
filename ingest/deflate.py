"""Compressed messages (permessage-deflate, RFC 7692): what is agreed, and each block compressed once for all.

Every message stands for itself (no context takeover), so the same compressed bytes suit every subscriber.
docs/decisions/0009-compressed-blocks.md has the measurements.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

EXTENSION = "permessage-deflate"
_WIDEST, _NARROWEST = 15, 9
"""Window bits. The RFC also has 8, which zlib cannot do without a header; such an offer is declined."""
_LEVEL = 1
_MEMORY_LEVEL = 8
_SMALL_MEMORY_LEVEL = 5
_SMALL_BYTES = 1_024
_TAIL = b"\x00\x00\xff\xff"
"""What ends each block, and what a message leaves out at its end (RFC 7692, 7.2.1)."""
_LINE_BREAK = b"\x00\x01\x00\xfe\xff\n"
_STORED_BYTES = 65_535


class TooLong(Exception):
    """The message is longer than the limit once it is decompressed."""


class NotDeflated(Exception):
    """The message is said to be compressed, and it is not."""


def agree(values: Iterable[str]) -> tuple[str, int] | None:
    """Choose the first offer that can be honoured, from the values of `Sec-WebSocket-Extensions`.

    Returns the answer's value of that header and the window bits for what the node sends; None: no
    offer, or none that can be honoured.
    """
    for offer in ",".join(values).split(","):
        name, *parameters = (part.strip() for part in offer.split(";"))
        if name == EXTENSION and (bits := _window_bits(parameters)) is not None:
            answer = f"{EXTENSION}; server_no_context_takeover; client_no_context_takeover"
            if any(p.startswith("server_max_window_bits") for p in parameters):
                answer += f"; server_max_window_bits={bits}"
            return answer, bits
    return None


def _window_bits(parameters: list[str]) -> int | None:
    """Return the window bits that an offer allows the node; None where it must be declined."""
    allowed, seen = _WIDEST, set()
    for parameter in parameters:
        name, has_value, value = (part.strip() for part in parameter.partition("="))
        value = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
        bits = int(value) if value in _BITS else None
        match name:
            case "server_no_context_takeover" | "client_no_context_takeover" if not has_value:
                pass
            case "client_max_window_bits" if bits is not None or not has_value:
                pass  # any window of the client's can be read
            case "server_max_window_bits" if bits is not None and bits >= _NARROWEST:
                allowed = bits
            case _:
                return None
        if name in seen:
            return None
        seen.add(name)
    return allowed


_BITS = frozenset(map(str, range(8, _WIDEST + 1)))


class Deflater:
    """Makes compressed messages of lines; lines that several connections are sent are compressed once.

    Lines of fewer than `least_bytes` are not worth it. Call `forget` when the lines have gone out.
    """

    def __init__(self, least_bytes: int) -> None:
        self._least_bytes = least_bytes
        self._blocks: defaultdict[int, dict[bytes, bytes]] = defaultdict(dict)

    def message(self, lines: Sequence[bytes], window_bits: int) -> tuple[bytes, bool]:
        """Return the payload of a message of these lines, and whether it is compressed."""
        if len(lines) == 1:
            line = lines[0]
            if len(line) < self._least_bytes:
                return line, False
            return self._block(line, window_bits), True
        if all(len(line) < self._least_bytes for line in lines):
            return b"\n".join(lines), False
        return b"".join(self._joined(lines, window_bits)), True

    def _joined(self, lines: Sequence[bytes], window_bits: int) -> Iterator[bytes]:
        """Put blocks together: shared ones as they are, short lines stored as they are."""
        last = len(lines) - 1
        for number, line in enumerate(lines):
            if number:
                yield _LINE_BREAK
            if len(line) >= self._least_bytes:
                yield self._block(line, window_bits)
                if number != last:
                    yield _TAIL
            else:
                yield from _stored(line)
                if number == last:
                    yield _TAIL[:1]

    def _block(self, line: bytes, window_bits: int) -> bytes:
        """Return a line compressed, without the tail."""
        blocks = self._blocks[window_bits]
        if (
            block := blocks.get(line)
        ) is None:  # bytes remember their hash: cheap from the second time
            block = blocks[line] = deflate(line, window_bits)
        return block

    def forget(self) -> None:
        """Let go of the blocks that were kept to be shared."""
        self._blocks.clear()


def deflate(data: bytes, window_bits: int = _WIDEST) -> bytes:
    """Compress a message by itself, without the tail."""
    memory = _SMALL_MEMORY_LEVEL if len(data) < _SMALL_BYTES else _MEMORY_LEVEL
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, -window_bits, memory)
    return (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH))[: -len(_TAIL)]


def _stored(data: bytes) -> Iterator[bytes]:
    """Yield blocks that hold the data as it is."""
    for at in range(0, len(data), _STORED_BYTES):
        part = data[at : at + _STORED_BYTES]
        size = len(part)
        yield b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little")
        yield part


def inflate(data: bytes, limit: int) -> bytes:
    """Decompress a message of at most `limit` bytes; raises TooLong or NotDeflated.

    No more than the limit is ever unpacked, whatever the message claims.
    """
    stream = zlib.decompressobj(-_WIDEST)
    try:
        message = stream.decompress(data + _TAIL, limit + 1)
    except zlib.error as error:
        raise NotDeflated(str(error)) from error
    if len(message) > limit:
        raise TooLong
    if stream.eof and stream.unused_data not in (_TAIL, _TAIL[:1] + _TAIL):
        raise NotDeflated("something follows its last block")
    return message
