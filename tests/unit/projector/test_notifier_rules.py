"""Whether a push is sent, waits or is dropped, and what a digest says."""

from datetime import UTC, datetime, timedelta

import pytest

from projector.notifier.digest import Digest, Item, mail, shown
from projector.notifier.rules import Due, decide, message
from roomlog.push import PushHosts

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DUE = Due(
    "s",
    "e",
    "u",
    timedelta(),
    "https://x/",
    "",
    "",
    "mention",
    "r",
    7,
    NOW,
    "hi",
    "room",
    "Ada",
    None,
    None,
    True,
)


@pytest.mark.parametrize(
    ("changed", "is_there", "marker", "decision"),
    [
        ({}, False, None, "send"),
        ({}, False, 6, "send"),
        ({}, False, 7, "drop"),
        ({"is_unread": False}, False, None, "drop"),
        ({"age": timedelta(days=2)}, False, None, "drop"),
        ({"level": "nothing"}, False, None, "drop"),
        ({"level": "nothing", "ends_at": 100}, False, None, "send"),
        ({"level": "mentions"}, False, None, "send"),
        ({"level": "nothing", "kind": "invite"}, False, None, "send"),
        ({}, True, None, "wait"),
        ({"age": timedelta(minutes=3)}, True, None, "drop"),
    ],
)
def test_what_becomes_of_a_push(changed, is_there, marker, decision):
    assert decide(DUE._replace(**changed), is_there, marker, 100) == decision


def test_a_message_names_who_and_where():
    assert message(DUE).title == "Ada mentioned you in room"
    assert message(DUE._replace(kind="direct", sender="")).title == "Somebody wrote to you"
    assert message(DUE).tag == "mention:e"
    asked = message(DUE._replace(kind="friend_request", room=None, room_name="", text=None))
    assert (asked.title, asked.room, asked.text) == ("Ada asks to be friends", "", "")


@pytest.mark.parametrize(
    ("endpoint", "taken"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/x", True),
        ("http://fcm.googleapis.com/x", False),
        ("https://evilfcm.googleapis.com/x", False),
        ("https://fcm.googleapis.com@10.0.0.1/x", False),
        ("https://push.services.mozilla.com.evil.example/", False),
        ("https://10.0.0.1/", False),
        ("", False),
    ],
)
def test_only_known_push_services_are_sent_to(endpoint, taken):
    hosts = PushHosts("fcm.googleapis.com, .push.services.mozilla.com")
    assert hosts.has(endpoint) == taken


def test_a_digest_shows_the_newest_and_counts_the_rest():
    items = [Item(str(n), "mention", "r", "room", "Ada", NOW, "x") for n in range(25)]
    some, more = shown(items)
    made = mail(Digest("Bob", "b@example.org", "t", some, more), "c@example.org", "http://w", NOW)
    assert made["Subject"] == "25 unread notifications on Roomlog"
    assert "And 5 more" in made.get_body(("plain",)).get_content()


@pytest.mark.parametrize("address", ["no address", "a@b\r\nBcc: c@d"])
def test_an_address_that_is_none_is_told(address):
    with pytest.raises(ValueError):
        mail(Digest("Bob", address, "t", [], 0), "c@example.org", "http://w", NOW)
