"""The order and the counting of a room's commands, against a connection whose answers the test gives."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from roomlog.bridge.actions import Action, Placed
from roomlog.bridge.player import RoomPlayer, Tally
from roomlog.bridge.script import Step
from roomlog.client import ConnectionEnded
from roomlog.errors import ErrorCode, Refused
from roomlog.protocol.frames import Ack


class Answers:
    """Stands for a connection: keeps what was sent, and is told what to answer."""

    def __init__(self):
        self.sent = []

    def submit(self, command):
        answer = asyncio.get_running_loop().create_future()
        self.sent.append((command["n"], answer))
        return answer

    def ack(self, place, cursor="1:5", event=True):
        number, answer = self.sent[place]
        answer.set_result(Ack(0, f"e{number}" if event else None, cursor))

    def refuse(self, place, code, retry_ms=1):
        self.sent[place][1].set_exception(Refused(code, "no", retry_ms))

    @property
    def numbers(self):
        return [n for n, _ in self.sent]


@pytest.fixture
async def room():
    answers, tally = Answers(), Tally()
    return answers, tally, RoomPlayer(answers, 3, tally, 4)


def placed(number):
    action = Action("tea", number, datetime(2026, 1, 2, tzinfo=UTC), "message", "ada", "hi")
    return Placed(Path("f"), number, action)


def step(number, implied=False):
    return Step({"n": number}, f"e{number}", implied)


async def play(player, numbers):
    for n in numbers:
        await player.play(step(n), placed(n))


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def test_no_more_than_a_window_is_unanswered(room):
    answers, tally, player = room
    playing = asyncio.ensure_future(play(player, range(5)))
    await until(lambda: len(answers.sent) == 3)
    answers.ack(0)
    await until(lambda: len(answers.sent) == 4)
    for place in (1, 2, 3):
        answers.ack(place)
    await playing
    answers.ack(4)
    await player.finish()
    assert answers.numbers == [0, 1, 2, 3, 4]
    assert (tally.done, tally.events, tally.new) == (5, 5, 5)


async def test_what_is_refused_for_now_is_sent_again_in_order(room):
    answers, tally, player = room
    await play(player, range(3))
    finishing = asyncio.ensure_future(player.finish())
    answers.refuse(0, ErrorCode.UNAVAILABLE)
    answers.refuse(2, ErrorCode.NOT_A_MEMBER)
    await asyncio.sleep(0)
    assert answers.numbers == [0, 1, 2]
    answers.ack(1)
    await until(lambda: len(answers.sent) == 5)
    assert answers.numbers == [0, 1, 2, 0, 2]
    answers.ack(3)
    answers.ack(4)
    await finishing
    assert (tally.events, tally.retried, tally.reordered, tally.refused) == (3, 2, 1, 0)


async def test_what_is_refused_for_good_is_told_with_its_place(room):
    answers, tally, player = room
    await play(player, [7])
    answers.refuse(0, ErrorCode.KEY_REUSED)
    await player.finish()
    assert tally.refusals == ["f:7: key_reused: no"]
    assert (tally.done, tally.refused, tally.events) == (1, 1, 0)


async def test_events_that_were_there_before_are_not_new(room):
    answers, tally, player = room
    await player.play(step(0, implied=True), placed(0))
    await play(player, [1, 2])
    answers.ack(0, "1:3")
    answers.ack(1, "1:4")
    answers.ack(2, "1:4", event=False)
    await player.finish()
    assert (tally.new, tally.implied_joins, tally.events, tally.unchanged) == (0, 1, 1, 1)
    assert tally.done == 2


async def test_a_connection_that_ended_stops_the_import(room):
    answers, _, player = room
    await play(player, [0])
    answers.sent[0][1].set_exception(ConnectionEnded("over"))
    with pytest.raises(ConnectionEnded):
        await player.finish()
