"""Which workspace a request picks, and what the links of invites hold."""

import pytest

from api.invites import Link, new_part, read_link, whole
from api.picks import EVERYWHERE, Pick, pick_of, pick_of_host
from api.reads import is_visible
from roomlog.ids import new_id, workspace_id

ACME = workspace_id("acme")


def test_a_name_picks_a_workspace() -> None:
    assert pick_of("acme") == pick_of(ACME) == Pick(True, ACME)
    assert pick_of("default") == Pick(True, None)
    assert pick_of("No Such").workspace == workspace_id("No Such")


@pytest.mark.parametrize(
    ("host", "picked"),
    [
        ("acme.chat.example.org", Pick(True, ACME)),
        ("ACME.Chat.example.org:8443", Pick(True, ACME)),
        ("default.chat.example.org", Pick(True, None)),
        ("chat.example.org", EVERYWHERE),
        ("a.acme.chat.example.org", EVERYWHERE),
        ("-x.chat.example.org", EVERYWHERE),
        ("acme.evil.test", EVERYWHERE),
        ("", EVERYWHERE),
    ],
)
def test_a_host_picks_a_workspace(host: str, picked: Pick) -> None:
    assert pick_of_host(host, "chat.example.org") == picked
    assert pick_of_host(host, "") == EVERYWHERE


def test_rooms_within_what_was_picked() -> None:
    assert EVERYWHERE.has(ACME)
    assert EVERYWHERE.has(None)
    assert [pick_of("acme").has(w) for w in (ACME, None, new_id())] == [True, False, False]
    assert [pick_of("default").has(w) for w in (ACME, None)] == [False, True]


@pytest.mark.parametrize(
    ("kind", "workspace", "role", "standing", "visible"),
    [
        ("public", None, None, None, True),
        ("private", None, None, None, False),
        ("private", None, "member", None, True),
        ("public", ACME, None, None, False),
        ("public", ACME, "member", None, False),
        ("public", ACME, None, "guest", False),
        ("public", ACME, None, "member", True),
        ("private", ACME, None, "owner", False),
        ("private", ACME, "member", "guest", True),
    ],
)
def test_who_may_know_of_a_room(kind, workspace, role, standing, visible) -> None:
    row = {"kind": kind, "workspace_id": workspace, "role": role, "standing": standing}
    assert is_visible(row) is visible


def test_a_link_holds_a_workspace_and_a_secret() -> None:
    link = Link(ACME, new_part())
    assert read_link(link.token) == link
    assert len(link.token) <= 100
    assert link.part not in link.handle
    assert whole(link.part, "b") != whole(link.part, "c") != whole("x", "c")


@pytest.mark.parametrize(
    "change", [lambda t: t[:-8], lambda t: t + "!", lambda t: t[1:], lambda t: "a" + t]
)
def test_what_is_no_link(change) -> None:
    assert read_link(change(Link(ACME, "s" * 22).token)) is None
    for nonsense in ("", ".", "x", "=" * 30, "ä.ö", "\0" * 50, "A" * 22 + "." + "é" * 20):
        assert read_link(nonsense) is None
