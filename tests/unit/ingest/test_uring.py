"""Frames for many sockets at once: what each takes, and what is told of those that do not take all."""

import logging
import socket
from array import array

import pytest

from ingest import uring
from ingest.outbox import write_each


@pytest.fixture(scope="module")
def ring():
    made = uring.open_ring()
    if made is None:
        pytest.skip("the kernel gives no io_uring here")
    return made


@pytest.fixture(params=["ring", "one by one"])
def send(request):
    return request.getfixturevalue("ring").send if request.param == "ring" else write_each


@pytest.fixture
def pairs():
    """Give ends that are written to, and the other ends."""
    made = [socket.socketpair() for _ in range(40)]
    for here, there in made:
        here.setblocking(False)
        there.setblocking(False)
    yield [here for here, _ in made], [there for _, there in made]
    for here, there in made:
        here.close()
        there.close()


def fds(sockets):
    return array("i", (each.fileno() for each in sockets))


def test_each_gets_the_frame_of_its_batch_round_the_ring_and_on(send, pairs):
    here, there = pairs
    for turn in range(300):  # 12,000 requests in a ring of 4,096
        some, others = b"some %d" % turn, b"all others %d" % turn
        assert send([(fds(here[:7]), some), (fds(here[7:]), others)]) == []
        for place, each in enumerate(there):
            assert each.recv(100) == (some if place < 7 else others)


def test_more_sockets_than_the_ring_has_places_get_theirs_as_well(send, pairs):
    here, there = pairs
    many = array("i", [each.fileno() for each in here] * 250)
    assert send([(fds(here), b"<"), (many, b"x"), (fds(here), b">")]) == []
    for each in there:
        assert each.recv(1_000) == b"<" + b"x" * 250 + b">"


def test_those_that_did_not_take_all_are_told_with_what_they_took(send, pairs):
    here, there = pairs
    full, gone, closed = 3, 20, 39
    here[full].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_608)
    there[gone].close()
    descriptors = fds(here)
    descriptors[closed] = 2**20  # nobody's
    frame = b"0123456789" * 10_000
    took = {place: sent for _, place, sent in send([(fds([]), b""), (descriptors, frame)])}
    assert took.keys() == {full, gone, closed}
    assert took[gone] == took[closed] == 0
    assert 0 < took[full] < len(frame)
    assert send([(fds([here[full]]), frame)]) == [(0, 0, 0)]
    for place, each in enumerate(there):
        if place not in (gone, closed):
            came = b""
            while len(came) < took.get(place, len(frame)):
                came += each.recv(len(frame))
            assert came == frame[: len(came)]
            with pytest.raises(BlockingIOError):
                each.recv(1)


def test_answers_count_for_whom_they_are_in_whatever_order_they_come():
    parts = [(4_094, 2, 0, 0), (0, 3, 1, 5)]
    wanted = [10, 10, 7, 7, 7]
    took = {2: 7, 4_095: 3, 0: 7, 1: -32, 4_094: 10}
    assert uring._short(parts, wanted, took) == [(0, 1, 3), (1, 6, 0)]
    assert uring._short(parts, wanted, {}) == [
        (0, 0, 0),
        (0, 1, 0),
        (1, 5, 0),
        (1, 6, 0),
        (1, 7, 0),
    ]


def test_without_io_uring_there_is_no_ring_and_the_log_says_why(monkeypatch, caplog):
    monkeypatch.setattr(uring, "_SETUP", 100_000)  # a system call that no kernel has
    with caplog.at_level(logging.INFO):
        assert uring.open_ring() is None
    assert "io_uring_setup: Function not implemented" in caplog.text
