"""One attempt to deliver, against receivers that behave badly."""

import asyncio

import pytest

from projector.webhooks.http import Sender
from roomlog.outbound import networks
from tests.receiver import Receiver, hang, status


@pytest.fixture
async def receiver():
    async with Receiver() as running:
        yield running


@pytest.fixture
async def sender():
    made = Sender(True, networks("127.0.0.1"), attempt_s=0.5)
    yield made
    await made.close()


async def post(sender, receiver, path="/x"):
    return await sender.post(receiver.url(path), b'{"a":1}', {"X-Ours": "yes"})


async def test_what_is_taken(sender, receiver):
    assert (await post(sender, receiver)) == (204, "", 0.0)
    (came,) = receiver.requests
    assert (came.body, came.headers["x-ours"]) == (b'{"a":1}', "yes")
    assert came.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (status(500, body=b"out\r\nof\x00order"), "answered 500 out  of order"),
        (status(404), "answered 404"),
        (status(302, "Location: /y"), "answered 302"),
        (status(307), "answered 307"),
        (hang, "no answer within 0.5 s"),
    ],
)
async def test_what_is_not_taken(sender, receiver, answer, told):
    receiver.answers["/x"] = answer
    outcome = await post(sender, receiver)
    assert outcome.error == told
    assert not outcome.is_taken
    assert not receiver.at("/y")


async def test_a_receiver_may_ask_for_time(sender, receiver):
    receiver.answers["/x"] = status(503, "Retry-After: 7")
    assert (await post(sender, receiver)).retry_after_s == 7
    receiver.answers["/x"] = status(503, "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT")
    assert (await post(sender, receiver)).retry_after_s == 0
    receiver.answers["/x"] = status(410)
    assert (await post(sender, receiver)).is_gone


async def test_an_answer_without_end_costs_little(sender, receiver):
    sent = 0

    async def endless(_, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            sent += 65_536
            await writer.drain()

    receiver.answers["/x"] = endless
    assert (await post(sender, receiver)).is_taken
    await asyncio.sleep(0)
    assert sent < 16 * 1024 * 1024  # what buffers hold on both sides

    async def drips(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    receiver.answers["/x"] = drips
    assert (await post(sender, receiver)).error == "no answer within 0.5 s"


async def test_what_is_no_http(sender, receiver):
    async def nonsense(_, writer):
        writer.write(b"\x00\x01\x02 hello\r\n\r\n")

    receiver.answers["/x"] = nonsense
    assert (await post(sender, receiver)).error

    async def heads(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n")

    receiver.answers["/x"] = heads
    assert (await post(sender, receiver)).error
    closed = receiver.url("/x").replace(str(receiver.port), "1")
    assert (await sender.post(closed, b"", {})).error


async def test_redirects_are_looked_at_like_what_was_named(sender, receiver):
    async with Receiver("127.0.0.2") as private:
        targets = [private.url("/in"), "http://169.254.169.254/", "http://[::1]/", "file:///etc"]
        for target in [*targets, "http://localhost.localdomain.invalid/"]:
            receiver.answers["/x"] = status(307, f"Location: {target}")
            outcome = await post(sender, receiver)
            assert outcome.error, target
        assert not private.requests
    receiver.answers["/x"] = status(308, "Location: y")
    assert (await post(sender, receiver)).is_taken
    assert receiver.at("/y")[0].body == b'{"a":1}'
    receiver.answers["/x"] = status(307, "Location: /x")
    assert (await post(sender, receiver)).error == "more than 3 redirects"


async def test_a_private_address_is_not_asked(receiver):
    strict = Sender(True, ())
    assert (await post(strict, receiver)).error == "url: 127.0.0.1 is not a public address"
    plain = Sender(False, networks("127.0.0.1"))
    assert (await post(plain, receiver)).error == "url: must begin with https://"
    assert not receiver.requests
    await strict.close()
    await plain.close()
