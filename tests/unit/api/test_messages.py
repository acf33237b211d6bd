"""The shape of messages, and which rows a numbered page takes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.messages import message, numbered_page, people, reactions, user
from roomlog.readmodels.tables import MARK_EVERY

SENT = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)


def row(**changes: Any) -> dict[str, Any]:
    plain = {
        "event_id": "e",
        "room_id": "r",
        "offset": 7,
        "sender_id": "u",
        "sent_at": SENT,
        "text": "hello",
        "sealed": None,
        "reply_to": None,
        "mentions": [],
        "attachments": [],
        "edited_at": None,
        "deleted_at": None,
        "answers": 0,
        "last_answer": None,
        "root": "e",
        "reactions": None,
    }
    return plain | changes


def test_a_message_has_every_field() -> None:
    assert message(row(), 1) == {
        "id": "e",
        "room": "r",
        "cursor": "1:7",
        "sender": "u",
        "ts": "2026-01-02T03:04:05.678Z",
        "text": "hello",
        "reply_to": None,
        "thread": {"root": "e", "count": 0, "last": None},
        "edited_at": None,
        "deleted_at": None,
        "reactions": [],
        "mentions": [],
        "attachments": [],
    }


def test_threads_name_their_root_and_the_last_answer() -> None:
    answered = message(row(reply_to="p", root="q", answers=2, last_answer=11), 1)
    assert answered["thread"] == {"root": "q", "count": 2, "last": "1:11"}


def test_a_deleted_message_stays_without_its_text() -> None:
    gone = message(row(text="x", deleted_at=SENT, reactions=[["👍", "u"]], attachments=[{}]), 1)
    assert (gone["text"], gone["reactions"], gone["attachments"]) == (None, [], [])
    assert gone["deleted_at"] == "2026-01-02T03:04:05.678Z"


def test_a_sealed_text_is_shown_as_events_show_it() -> None:
    sealed = {"key_id": "k", "nonce": "bg==", "ciphertext": "Yw=="}
    assert message(row(text=None, sealed=sealed), 1)["text"] == {"sealed": sealed}


def test_reactions_are_grouped_in_the_order_of_first_use() -> None:
    assert reactions([("👍", "a"), ("🎉", "b"), ("👍", "c")]) == [
        {"emoji": "👍", "users": ["a", "c"], "count": 2},
        {"emoji": "🎉", "users": ["b"], "count": 1},
    ]


def test_everybody_who_is_shown_is_named() -> None:
    item = message(row(mentions=["m"], reactions=[["👍", "a"]]), 1)
    assert people([item]) == {"m", "a"}
    assert user("u", None) == {"id": "u", "name": "u"}


@pytest.mark.parametrize("limit", [7, 50, 1_200])
@given(total=st.integers(0, 2_200), before=st.integers(0, 2_100))
def test_numbered_pages_cover_the_log_once_in_order(limit: int, total: int, before: int) -> None:
    seen = []
    for page in range(1, -(-total // limit) + 2):
        mark, skip, size = numbered_page(page, limit, total, before)
        assert mark % MARK_EVERY == 0
        assert 0 <= skip < MARK_EVERY
        first = max(mark, before) + skip
        seen += range(first, first + size)
    assert seen == list(range(before, before + total))
