"""From records that name users to one signal for each of them, which finds the nodes they are on.

Beside the way of deliveries, so that nothing waits for it; a record is acked once its signals are in the
log, so that no death loses one.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, NamedTuple

from roomlog.notifications import named, notifications
from roomlog.signals import ChatSignal
from schemas.codec import ChatEventCodec, Codec, PoisonRecord

_RETRY_S = 1.0

Send = Callable[[bytes, bytes], Awaitable[Awaitable[Any]]]
"""Hands over one signal, given its key and value; what comes back is done once it is stored.

Both raise whatever the client raises.
"""

Ack = Callable[[], object]

log = logging.getLogger(__name__)


def after_both(ack: Ack) -> Ack:
    """Return what is to be called twice before `ack` is: once deliveries are out, and all are told."""
    missing = 2

    def one() -> None:
        nonlocal missing
        missing -= 1
        if not missing:
            ack()

    return one


class Notice(NamedTuple):
    """Records that name users, and what to call once these are told."""

    records: Sequence[Any]
    ack: Ack


def signals(
    records: Sequence[Any], codec: ChatEventCodec, now: int
) -> Iterator[tuple[str, ChatSignal]]:
    """Return `(user, signal)` for everybody whom the records name; `now` in microseconds since 1970."""
    for record in records:
        if not (users := named(record.headers)):
            continue  # it has other headers
        try:
            event = codec.decode(record.value)
        except PoisonRecord as error:
            log.warning("nobody is told of it: %s", error, extra={"offset": record.offset})
            continue
        for told in notifications(event, record.offset, users):
            yield told.user_id, ChatSignal("", now, told)


async def tell_for_ever(
    waiting: "asyncio.Queue[Notice]", events: ChatEventCodec, codec: Codec[ChatSignal], send: Send
) -> None:
    """Send the signals of what is waiting, again and again until the log has them."""
    while True:
        notice = await waiting.get()
        now = time.time_ns() // 1_000
        told = [(u.encode(), codec.encode(s)) for u, s in signals(notice.records, events, now)]
        while told:
            try:
                # One after the other, so that a person hears of things in their order.
                await asyncio.gather(*[await send(key, value) for key, value in told])
                break
            except Exception as error:
                log.warning("%d notifications wait for the log: %r", len(told), error)
                await asyncio.sleep(_RETRY_S)
        notice.ack()
