"""What is still heard of a muted room."""

import pytest

from roomlog.mutes import Mute, is_heard


@pytest.mark.parametrize(
    ("mute", "heard"),
    [
        (None, {"mention", "direct", "invite"}),
        (Mute("nothing"), {"invite"}),
        (Mute("mentions"), {"mention", "invite"}),
        (Mute("nothing", 101), {"invite"}),
        (Mute("nothing", 100), {"mention", "direct", "invite"}),
    ],
)
def test_a_mute_lets_through_what_its_level_says_until_it_ends(mute, heard):
    kinds = ("mention", "direct", "invite")
    assert {kind for kind in kinds if is_heard(mute, kind, 100)} == heard
