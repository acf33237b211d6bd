"""Default ports where they are free, others where not, never one port twice."""

import socket

import pytest

from roomlog.stack.errors import StackError
from roomlog.stack.ports import HOST, Ports, default_port, is_free


@pytest.fixture
def taken():
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def ports(tmp_path):
    ports = Ports(tmp_path / "ports.lock", defaults=False)
    yield ports
    ports.close()


@pytest.mark.parametrize(
    ("name", "port"),
    [
        *(("api", 8080), ("ingest-1", 8101), ("ingest-2", 8102), ("streams-1", 8201)),
        *(("kafka", 9092), ("kafka-controller", 9093), ("kafka-2", 9094)),
        ("kafka-controller-2", 9095),
    ],
)
def test_default_ports(name, port):
    assert default_port(name) == port


def test_a_listening_port_is_not_free(taken):
    assert not is_free(taken)


def test_chosen_ports_differ_and_are_below_the_ephemeral_range(ports):
    chosen = [ports.choose("ingest-1") for _ in range(20)]
    assert len(set(chosen)) == 20
    assert max(chosen) < 32768


def test_a_taken_port_is_refused_with_advice(ports, taken):
    with pytest.raises(StackError, match="--port"):
        ports.insist(taken)


def test_the_same_port_is_not_given_twice(ports):
    port = ports.choose("api")
    with pytest.raises(StackError):
        ports.insist(port)


def test_a_port_that_was_released_can_be_taken_again(ports):
    port = ports.choose("streams-3")
    ports.release(port)
    assert ports.insist(port) == port
