"""Records of the log to what is sent of them, and where. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from roomlog.events import ChatEvent, MessageEdited, MessagePosted
from roomlog.ids import is_id
from roomlog.webhooks import Webhook, body_of, delivery_id
from schemas.codec import ChatEventCodec, PoisonRecord


class Candidate(NamedTuple):
    """An event of a room that something is sent of, if it took effect."""

    partition: int
    offset: int
    event: ChatEvent

    @property
    def question(self) -> tuple[str, int, str, str, bool, str | None]:
        """What `sql.EFFECTIVE` asks with."""
        event, body = self.event, self.event.body
        target = body.target_id if isinstance(body, MessageEdited) else None
        is_message = isinstance(body, MessagePosted)
        known = target if target is not None and is_id(target) else None
        return event.room_id, self.offset, event.event_id, event.sender_id, is_message, known


class Delivery(NamedTuple):
    """One event for one webhook: a row of `webhook_deliveries`."""

    webhook_id: str
    room_id: str
    offset: int
    id: str
    event_id: str
    type: str
    body: str


def candidates(
    records: Iterable[tuple[int, int, bytes]], rooms: set[str], codec: ChatEventCodec
) -> list[Candidate]:
    """Return the events of these rooms among records (partition, offset, value); unreadable ones are none."""
    found = []
    for partition, offset, value in records:
        try:
            event = codec.decode(value)
        except PoisonRecord:
            continue  # the projector has made a dead letter of it
        ids = (event.room_id, event.event_id, event.sender_id)
        if event.room_id in rooms and all(map(is_id, ids)):
            found.append(Candidate(partition, offset, event))
    return found


def deliveries(
    found: Iterable[Candidate],
    is_bots: Mapping[int, bool],
    webhooks: Mapping[str, list[Webhook]],
    epoch: int,
    *,
    again: bool = False,
) -> list[tuple[Delivery, Webhook]]:
    """Return what is sent of candidates of one partition.

    `is_bots` has the offsets of those that took effect, and whether a bot sent them; `webhooks` those of each
    room. `again`: also what is older than the webhook, because somebody asked for it.
    """
    due = []
    for partition, offset, event in found:
        if offset not in is_bots:
            continue
        body = ""
        for webhook in webhooks.get(event.room_id, ()):
            asked = webhook._replace(starts={}) if again else webhook
            if asked.wants(event.type, partition, offset, is_bots[offset]):
                body = body or body_of(event, offset, epoch)
                name = delivery_id(webhook.id, event.event_id)
                place = (webhook.id, event.room_id, offset)
                due.append((Delivery(*place, name, event.event_id, event.type, body), webhook))
    return due
