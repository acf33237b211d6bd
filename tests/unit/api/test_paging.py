"""Places in listings: opaque, and refused when they are not ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.paging import read_place, write_place
from api.problems import Problem
from api.routes.users import id_list, like
from roomlog.ids import new_id

ROOM = "7c0c2b34-8a0e-8d5f-a0b2-3f6f0f4f6a22"


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=100))
def test_places_survive(name: str) -> None:
    assert read_place(write_place(name, ROOM)) == (name, ROOM)


@pytest.mark.parametrize(
    "text", ["x", "AAAA", "é", "W10", "bnVsbA", write_place("a", "b"), write_place("\0", ROOM)]
)
def test_other_texts_are_no_places(text: str) -> None:
    with pytest.raises(Problem) as refused:
        read_place(text)
    assert refused.value.status == 422


def test_like_finds_texts_literally() -> None:
    assert like(r"50%_\x") == r"50\%\_\\x"


def test_lists_of_ids_are_bounded_and_clean() -> None:
    assert id_list(f"{ROOM},{ROOM},x,") == [ROOM]
    with pytest.raises(Problem):
        id_list(",".join(new_id() for _ in range(201)))
