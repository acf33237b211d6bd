"""From records that name users to signals, and when such a record counts as done."""

import asyncio
from types import SimpleNamespace

from roomlog import ids
from roomlog.events import ChatEvent, MessagePosted
from roomlog.notifications import headers
from roomlog.signals import ChatSignal, UserNotified
from schemas import files
from schemas.codec import chat_event_codec, chat_signal_codec
from streams.fanout import examine
from streams.notices import Notice, signals, tell_for_ever
from streams.tables import Partition

ROOM, ANN, BOB, EVENT = (ids.derived_id(name) for name in ("room", "ann", "bob", "event"))
EVENTS = chat_event_codec(1, {1: files.current(ChatEvent.SUBJECT)})
SIGNALS = chat_signal_codec(2, {2: files.current(ChatSignal.SUBJECT)})
SAID = ChatEvent(EVENT, ROOM, "", ANN, "k", 7, "n1", MessagePosted("hi", mentions=(BOB,)))
TOLD = UserNotified(BOB, "mention", ROOM, 4, EVENT, ANN, 7, "hi")


def record(offset, value=None, users=(BOB,)):
    data = EVENTS.encode(SAID) if value is None else value
    return SimpleNamespace(offset=offset, key=ROOM.encode(), value=data, headers=headers(users))


def test_each_user_whom_a_record_names_gets_a_signal():
    assert list(signals([record(4)], EVENTS, 9)) == [(BOB, ChatSignal("", 9, TOLD))]


def test_of_a_record_that_is_poison_nobody_is_told():
    assert list(signals([record(3, b"poison"), record(4)], EVENTS, 9)) == [
        (BOB, ChatSignal("", 9, TOLD))
    ]


def test_records_that_name_users_are_noted_once():
    part = Partition(0)
    examine(part, [record(4), record(5)])  # one event, twice in the log
    examine(part, [record(4)])
    assert [r.offset for r in part.naming] == [4]
    plain = record(6, users=())
    plain.value = plain.value.replace(EVENT.encode(), ids.derived_id("other").encode())
    examine(part, [plain])
    assert [r.offset for r in part.naming] == [4]


async def test_a_record_is_acked_once_the_log_has_its_signals(monkeypatch):
    monkeypatch.setattr("streams.notices._RETRY_S", 0)
    waiting: asyncio.Queue[Notice] = asyncio.Queue()
    sent, acked = [], asyncio.Event()
    answers = iter([OSError("away"), OSError("away"), None])

    async def store(key, value):
        assert not acked.is_set()
        if answer := next(answers):
            raise answer
        sent.append((key, SIGNALS.decode(value).body))

    async def send(key, value):
        return store(key, value)

    telling = asyncio.create_task(tell_for_ever(waiting, EVENTS, SIGNALS, send))
    waiting.put_nowait(Notice([record(4)], acked.set))
    async with asyncio.timeout(5):
        await acked.wait()
    telling.cancel()
    assert sent == [(BOB.encode(), TOLD)]


async def test_signals_are_handed_over_in_the_order_of_the_log():
    waiting: asyncio.Queue[Notice] = asyncio.Queue()
    handed, acked = [], asyncio.Event()

    async def send(key, value):
        for _ in range(5 - len(handed)):  # each takes less long than the one before
            await asyncio.sleep(0)
        handed.append(SIGNALS.decode(value).body.offset)
        return asyncio.sleep(0)

    telling = asyncio.create_task(tell_for_ever(waiting, EVENTS, SIGNALS, send))
    waiting.put_nowait(Notice([record(n) for n in range(4)], acked.set))
    async with asyncio.timeout(5):
        await acked.wait()
    telling.cancel()
    assert handed == [0, 1, 2, 3]
