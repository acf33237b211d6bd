import socket
import threading

import pytest
from websocket import WebSocketBadStatusException

from loadtest.websocket import TROUBLE, Frames, Socket


def frame(payload, kind=1, fin=True):
    """A frame as servers send it: without a mask."""
    size = len(payload)
    first = bytes([kind | (0x80 if fin else 0)])
    if size < 126:
        return first + bytes([size]) + payload
    if size < 65_536:
        return first + b"\x7e" + size.to_bytes(2) + payload
    return first + b"\x7f" + size.to_bytes(8) + payload


PAYLOADS = [b"", b"a", b"x" * 125, b"y" * 126, b"z" * 65_535, b"w" * 70_000]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1_000, 1_000_000])
def test_frames_are_cut_out_wherever_the_stream_was_torn(step):
    stream = b"".join(map(frame, PAYLOADS[:4] if step < 1_000 else PAYLOADS))
    frames, found = Frames(), []

    for at in range(0, len(stream), step):
        frames.feed(stream[at : at + step])
        found += frames

    assert found == [(1, True, p) for p in PAYLOADS[: len(found)]]
    assert len(found) == (4 if step < 1_000 else len(PAYLOADS))


class Server:
    """Takes one connection, answers the handshake, sends what it is told, keeps what comes."""

    def __init__(self, *sent, status=b"101 Switching Protocols"):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/ws"
        self._sent, self._status = sent, status
        self.request = self.received = b""
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        connection, _ = self._listener.accept()
        with connection, self._listener:
            while b"\r\n\r\n" not in self.request:
                self.request += connection.recv(65_536)
            connection.sendall(self._answer())
            for data in self._sent:
                connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while data := connection.recv(65_536):
                self.received += data

    def _answer(self):
        from base64 import b64encode
        from hashlib import sha1

        headers = dict(
            line.split(b": ", 1) for line in self.request.split(b"\r\n")[1:] if b": " in line
        )
        key = headers[b"Sec-WebSocket-Key"] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = b64encode(sha1(key).digest())
        protocol = headers[b"Sec-WebSocket-Protocol"]
        return (
            b"HTTP/1.1 " + self._status + b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n"
            b"Sec-WebSocket-Protocol: " + protocol + b"\r\n\r\n"
        )

    def join(self):
        self._thread.join(10)
        assert not self._thread.is_alive()


def read(server, **more):
    """Read all messages; return them and the socket."""
    client = Socket(server.url, "token", 5.0, **more)
    found = list(client.messages(5.0))
    client.abort()
    server.join()
    return found, client


def test_a_connection_says_who_it_is_and_what_it_speaks():
    server = Server()

    found, client = read(server, receive_bytes=8_192)

    assert (found, client.close_code) == ([], 1006)
    assert b"Authorization: Bearer token\r\n" in server.request
    assert b"Sec-WebSocket-Protocol: roomlog.v1.json\r\n" in server.request


def test_messages_come_whole_however_they_were_sent():
    server = Server(
        frame(b"one"),
        frame(b"tw", fin=False) + frame(b"", kind=0, fin=False) + frame(b"o", kind=0),
        frame(b"three" * 30_000),
    )

    assert read(server)[0] == [b"one", b"two", b"three" * 30_000]


def test_a_ping_within_a_message_is_answered():
    server = Server(frame(b"a", fin=False), frame(b"there?", kind=9), frame(b"b", kind=0))

    assert read(server)[0] == [b"ab"]
    assert server.received[:2] == bytes([0x80 | 10, 0x80 | 6])


@pytest.mark.parametrize(("payload", "code"), [(b"", 1006), ((4008).to_bytes(2) + b"slow", 4008)])
def test_the_close_code_is_kept_and_nothing_after_it_is_read(payload, code):
    server = Server(frame(b"a") + frame(payload, kind=8) + frame(b"b"))

    found, client = read(server)

    assert (found, client.close_code) == ([b"a"], code)


def test_lines_are_sent_in_one_masked_frame():
    server = Server()
    client = Socket(server.url, "token", 5.0)

    client.send([b'{"op":"a"}', b'{"op":"b"}'])
    client.close()
    server.join()

    mask, payload = server.received[2:6], server.received[6 : 6 + 21]
    assert server.received[:2] == bytes([0x81, 0x80 | 21])
    assert bytes(b ^ mask[i % 4] for i, b in enumerate(payload)) == b'{"op":"a"}\n{"op":"b"}'


def test_a_refusal_is_trouble_of_the_connection():
    server = Server(status=b"401 Unauthorized")

    with pytest.raises(WebSocketBadStatusException) as refused:
        Socket(server.url, "token", 5.0)
    server.join()

    assert isinstance(refused.value, TROUBLE)


def test_silence_is_trouble():
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, pytest.raises(TROUBLE):
        Socket(f"ws://127.0.0.1:{listener.getsockname()[1]}/ws", "token", 0.05)
