from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from roomlog import ids
from roomlog.bridge.actions import Action
from roomlog.bridge.script import BLANK, Bridge, RoomScript
from roomlog.protocol.decoding import decode_command
from roomlog.protocol.terms import Key

START = datetime(2026, 1, 2, tzinfo=UTC)
BRIDGE = Bridge("irc")


def script(room="tea", parents=frozenset()):
    return RoomScript(BRIDGE, room, START, set(parents))


def act(line, kind="message", sender="ada", text="hi", reply_to=None, room="tea"):
    return Action(room, line, START + timedelta(seconds=line), kind, sender, text, reply_to)


def ops(steps):
    return [(s.command["op"], s.implied) for s in steps]


def test_who_speaks_without_having_joined_joins_first():
    tea = script()
    assert ops(tea.steps(act(0))) == [("join", True), ("send", False)]
    assert ops(tea.steps(act(1))) == [("send", False)]


def test_joins_and_leaves_that_change_nothing_lead_to_nothing():
    tea = script()
    kinds = ["leave", "join", "join", "leave", "leave"]
    steps = [ops(tea.steps(act(n, kind))) for n, kind in enumerate(kinds)]
    assert steps == [[], [("join", False)], [], [("leave", False)], []]
    assert tea.no_ops == 3


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("message", "hi", "hi"),
        ("action", "waves", "/me waves"),
        ("action", "", "/me "),
        ("rename", "ada_", "/me is now known as ada_"),
        ("message", "", BLANK),
        ("message", "   ", "   " + BLANK),
        ("message", None, BLANK),
    ],
)
def test_texts(kind, text, said):
    steps = script().steps(act(0, kind, text=text))
    assert steps[-1].command["text"] == said
    assert said.strip() or kind != "message"


def test_a_reply_points_at_its_parents_event():
    tea = script(parents={0, 7})
    parent = tea.steps(act(0))[-1]
    reply = tea.steps(act(1, sender="bob", reply_to=0))[-1]
    assert reply.command["reply_to"] == parent.event_id
    orphan = tea.steps(act(2, reply_to=7))[-1]
    assert "reply_to" not in orphan.command
    assert (tea.replies, tea.parents_missing) == (1, 1)


def test_an_action_that_led_to_no_event_is_no_parent():
    tea = script(parents={1})
    tea.steps(act(0))
    assert tea.steps(act(1, "join")) == []
    assert "reply_to" not in tea.steps(act(2, reply_to=1))[-1].command


def test_ids_are_those_that_the_node_will_make():
    tea = script()
    join, say = tea.steps(act(3))
    person = ids.bridge_user_id("irc", "ada")
    assert tea.room_id == ids.room_id(BRIDGE.account, tea.create["key"])
    for step in (join, say):
        assert step.command["as"] == person
        assert step.event_id == ids.event_id(person, tea.room_id, step.command["key"])
    assert join.event_id != say.event_id


def test_a_second_run_says_the_same():
    actions = [act(0, "join"), act(1), act(2, sender="bob"), act(3, "leave"), act(4)]
    one, two = ([s for a in actions for s in script().steps(a)] for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    "room", ["tea", "#ubuntu", "größe", "x" * 100, "a:b", "x:y", "2004-11-15_03"]
)
def test_every_command_is_one_that_nodes_take(room):
    tea = script(room)
    steps = tea.steps(act(9_999_999_999, room=room))
    commands = [tea.create, *(s.command for s in steps)]
    for number, command in enumerate(commands):
        decode_command(msgspec.json.encode({**command, "id": number}))
        msgspec.convert(command["key"], Key)


def test_rooms_never_share_keys():
    digest = script("#tea").create["key"].removeprefix("import:x:")
    assert script(digest).create["key"] != script("#tea").create["key"]
    assert script("x:" + digest).create["key"] != script("#tea").create["key"]


def test_people_with_accounts_of_their_own_keep_them():
    bridge = Bridge("seed", {"ada": "her-id"})
    assert bridge.person(" ada ") == "her-id"
    assert bridge.person("bob") == ids.bridge_user_id("seed", "bob")
