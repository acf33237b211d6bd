"""What is sent of an event, how it is signed, and when it is sent again."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

from roomlog import ids
from roomlog.events import ChatEvent, HookCreated, MessagePosted
from roomlog.webhooks import (
    RETRIES,
    Webhook,
    body_of,
    delivery_id,
    headers,
    new_secret,
    retry_after_s,
    signing,
)

ROOM, ANN = ids.derived_id("room"), ids.derived_id("ann")


def event(body, workspace=""):
    return ChatEvent(
        ids.derived_id("event"), ROOM, workspace, ANN, "k", 1_700_000_000_123_456, "n", body
    )


def test_an_event_is_sent_as_frames_have_it():
    told = json.loads(body_of(event(MessagePosted("Grüße", mentions=(ANN,))), 7, 1))
    assert told == {
        "type": "MessagePosted",
        "event": ids.derived_id("event"),
        "room": ROOM,
        "workspace": None,
        "cursor": "1:7",
        "sender": ANN,
        "ts": "2023-11-14T22:13:20.123Z",
        "d": {"text": "Grüße", "mentions": [ANN]},
    }
    assert "token_hash" not in body_of(event(HookCreated(ANN, "CI", "0" * 64)), 7, 1)


def test_it_is_signed_with_every_secret_that_is_good():
    new, old = new_secret(), new_secret()
    sent = headers("id", "MessagePosted", 1_700_000_000, b'{"a":1}', [new, old])
    ours = []
    for secret in (new, old):
        key = base64.b64decode(secret.removeprefix("whsec_"))
        digest = hmac.new(key, b'id.1700000000.{"a":1}', hashlib.sha256).digest()
        ours.append("v1," + base64.b64encode(digest).decode())
    assert sent["Webhook-Signature"].split(" ") == ours
    assert (sent["Webhook-Id"], sent["Webhook-Timestamp"]) == ("id", "1700000000")


def test_an_old_secret_signs_for_a_while():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert signing("new", None, None, now) == ["new"]
    assert signing("new", "old", now + timedelta(seconds=1), now) == ["new", "old"]
    assert signing("new", "old", now, now) == ["new"]


def test_retries_take_longer_and_end():
    waits = [retry_after_s(n, 5, 0.5, 0) for n in range(1, RETRIES + 1)]
    assert waits == [5, 10, 20, 40, 80]
    assert retry_after_s(RETRIES + 1, 5, 0.5, 0) is None
    assert (retry_after_s(1, 5, 0, 0), retry_after_s(1, 5, 1, 0)) == (3.75, 6.25)
    assert retry_after_s(1, 5, 0, 60) == 60
    assert retry_after_s(1, 5, 0, 10**9) == 3_600


def test_what_a_webhook_wants():
    every = Webhook("w", ROOM, (), False, False, {"3": 7})
    assert every.wants("MessagePosted", 3, 7, False)
    assert every.wants("RoomRenamed", 4, 0, False)
    assert not every.wants("MessagePosted", 3, 6, False)
    assert not every.wants("MessagePosted", 3, 7, True)
    assert every._replace(bots=True).wants("MessagePosted", 3, 7, True)
    assert not every._replace(types=("RoomRenamed",)).wants("MessagePosted", 3, 7, False)


def test_a_delivery_has_one_id():
    assert delivery_id("a", "b") == delivery_id("a", "b") != delivery_id("b", "a")
