import gzip
import json

import pytest

from roomlog.bridge.actions import BadLine, read_file

GOOD = {
    "room": "tea",
    "line": 0,
    "at": "2026-01-02T03:04:05Z",
    "kind": "message",
    "sender": "ada",
    "text": "hi",
}


def read(path, *lines):
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts))
    return list(read_file(path))


def test_actions_are_read_with_their_places(tmp_path):
    path = tmp_path / "a.jsonl"
    first, second = read(path, GOOD, "", {**GOOD, "line": 1, "reply_to": 0, "more": 1})
    assert (first.number, first.action.text) == (1, "hi")
    assert (second.number, second.action.reply_to) == (3, 0)


def test_gzip_is_known_by_its_bytes(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.compress(json.dumps(GOOD).encode()))
    assert [p.action.sender for p in read_file(path)] == ["ada"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "a line looks like"),
        ("[]", "a line looks like"),
        ({**GOOD, "at": "2026-01-02T03:04:05"}, "write the zone too"),
        ({**GOOD, "at": "yesterday"}, "at"),
        ({**GOOD, "kind": "shout"}, "kind"),
        ({k: v for k, v in GOOD.items() if k != "sender"}, "sender"),
        ({**GOOD, "sender": " "}, "no name"),
        ({**GOOD, "sender": "a\nb"}, "no name"),
        ({**GOOD, "sender": "x" * 101}, "sender"),
        ({**GOOD, "text": "a\0b"}, "NUL"),
        ({**GOOD, "text": "x" * 7_901}, "at most 7900"),
        ({**GOOD, "kind": "rename", "text": ""}, "new name"),
        ({**GOOD, "line": -1}, "line"),
        ({**GOOD, "room": ""}, "room"),
        ({**GOOD, "reply_to": "x"}, "reply_to"),
    ],
)
def test_a_bad_line_is_told_with_its_place_and_what_to_do(tmp_path, line, said):
    path = tmp_path / "a.jsonl"
    good, bad = read(path, GOOD, line)
    assert good.number == 1
    assert isinstance(bad, BadLine)
    assert f"{path}:2: " in str(bad)
    assert said in str(bad)


def test_a_line_that_is_no_utf8(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(json.dumps(GOOD).encode().replace(b"hi", b"\xff"))
    (bad,) = read_file(path)
    assert isinstance(bad, BadLine)


def test_a_damaged_gzip_gives_what_comes_before_the_damage(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    lines = "\n".join(json.dumps({**GOOD, "line": n}) for n in range(5_000))
    whole = gzip.compress(lines.encode())
    path.write_bytes(whole[: len(whole) // 2])
    *good, bad = read_file(path)
    assert good
    assert isinstance(bad, BadLine)
    assert "damaged gzip" in str(bad)


def test_a_file_that_is_not_there(tmp_path):
    (bad,) = read_file(tmp_path / "nothing")
    assert isinstance(bad, BadLine)
    assert "cannot be read" in str(bad)
