"""What a server has to say so that the load generator takes it for a node: rooms in memory, no log, no checks.

The events have the shape and the size of the product's.
"""

from collections import defaultdict
from typing import Any

import msgspec

HELLO = (
    b'{"op":"hello","node":"stub","user":"00000000-0000-4000-8000-000000000000","session":"stub",'
    b'"ping_ms":25000,"limits":{"frame_bytes":65536,"text_chars":8000,"rooms_per_socket":500}}'
)
SUBPROTOCOL = "roomlog.v1.json"
_NOBODY = "00000000-0000-4000-8000-000000000000"
_encode, _decode = msgspec.json.encode, msgspec.json.decode


class Rooms:
    """Who follows which room, and what was said last."""

    def __init__(self) -> None:
        self.followers: dict[str, list[Any]] = defaultdict(list)
        self._offset = 0

    def take(self, socket: Any, frame: bytes) -> tuple[bytes, dict[str, bytes]]:
        """Return the answer to a frame of `socket`, and what the followers of which rooms get."""
        answers: list[bytes] = []
        said: dict[str, list[bytes]] = defaultdict(list)
        for line in frame.split(b"\n"):
            command = _decode(line)
            answers.append(b'{"op":"ack","id":%d,"cursor":"1:%d"}' % (command["id"], self._offset))
            if command["op"] == "sub":
                self.followers[command["room"]].append(socket)
            elif command["op"] == "send":
                said[command["room"]].append(self._event(command))
        return b"\n".join(answers), {room: b"\n".join(lines) for room, lines in said.items()}

    def _event(self, command: dict[str, Any]) -> bytes:
        self._offset += 1
        return _encode(
            {
                "op": "event",
                "room": command["room"],
                "cursor": f"1:{self._offset}",
                "prev": f"1:{self._offset - 1}",
                "type": "MessagePosted",
                "id": command["key"],
                "sender": _NOBODY,
                "ts": "2026-01-02T03:04:05.678Z",
                "key": command["key"],
                "d": {"text": command["text"]},
            }
        )
