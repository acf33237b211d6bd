import re

from roomlog.chat.command import demo_login
from roomlog.chat.words import Ink, happened, printable, said

PLAIN = Ink(False)
TIME = "2026-01-02T03:04:05.678Z"


def test_messages_and_actions():
    assert re.fullmatch(r"\d\d:\d\d Ada: hi", said(PLAIN, TIME, "Ada", {"text": "hi"}))
    assert said(PLAIN, TIME, "Ada", {"text": "/me waves"}).endswith(" * Ada waves")
    files = [{"name": "a.txt"}, {"name": "b\x1b.png"}]
    assert said(PLAIN, TIME, "Ada", {"text": "", "attachments": files}).endswith(
        ": [a.txt, b·.png]"
    )
    assert said(PLAIN, TIME, "Ada", {"text": None}).endswith("Ada: (sealed, or deleted)")


def test_nothing_that_a_terminal_obeys_gets_through():
    assert printable("\x1b]0;x\x07a\u202eb\nc") == "·]0;x·a·b ⏎ c"
    assert "\x1b" not in said(PLAIN, TIME, "A\x1b[2J", {"text": "b\x1b[31m"})


def test_names_keep_their_colours():
    ink = Ink(True)
    assert ink.name("Ada") == ink.name("Ada") != "Ada"


def test_other_events():
    assert happened("MemberJoined", "Ada", "Bob", {}) == "Bob joined"
    assert happened("MemberRemoved", "Ada", "Bob", {}) == "Ada removed Bob"
    assert happened("RoomRenamed", "Ada", "Ada", {"name": "tea"}) == "Ada renamed the room: tea"
    assert happened("SomethingNew", "Ada", "Ada", {}) == "Ada: SomethingNew"


def test_a_name_is_enough_for_a_demo_account():
    assert demo_login("Alice").email == "alice@example.com"
    assert demo_login("Zoë B.").email == "zo-b@example.com"
    assert demo_login("→").email == "guest@example.com"
