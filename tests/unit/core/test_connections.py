"""aiokafka's connections on uvloop, when a broker resets one."""

import asyncio
import socket
import struct
import threading

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from roomlog.brokers import client_options

_VERSIONS = struct.pack(">hi", 0, 2) + struct.pack(">hhh", 3, 0, 5) + struct.pack(">hhh", 18, 0, 0)


class Broker:
    """Tells which requests it knows, then resets the connection when told to."""

    def __init__(self):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._told, self.has_reset = threading.Event(), threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def reset(self):
        """Return once the reset is on its way."""
        self._told.set()
        assert self.has_reset.wait(10)

    def _serve(self):
        connection, _ = self._server.accept()
        with connection, connection.makefile("rb") as stream:
            (size,) = struct.unpack(">i", stream.read(4))
            correlation = stream.read(size)[4:8]
            connection.sendall(struct.pack(">i", 4 + len(_VERSIONS)) + correlation + _VERSIONS)
            self._told.wait(10)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._server.close()
        self.has_reset.set()


async def connected(broker):
    client_options(f"127.0.0.1:{broker.port}")  # as every client is made
    connection = AIOKafkaConnection("127.0.0.1", broker.port, request_timeout_ms=9_000)
    await connection.connect()
    return connection


def test_a_request_right_after_a_reset_is_refused_in_the_words_of_kafka():
    async def run():
        broker = Broker()
        connection = await connected(broker)
        broker.reset()
        refused = []
        for _ in range(5):  # turns of the loop: between the first and the last it gets to know
            try:
                asyncio.ensure_future(connection.send(MetadataRequest([]))).cancel()
            except KafkaConnectionError as error:
                refused.append(str(error))
            await asyncio.sleep(0)
        assert any("the connection was reset" in one for one in refused)
        with pytest.raises(KafkaConnectionError):
            connection.send(MetadataRequest([]))

    uvloop.run(run())
