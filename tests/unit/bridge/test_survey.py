import json
from pathlib import Path

from roomlog.bridge.survey import group_files, survey_files


def action(room, line, **more):
    base = {"at": "2026-01-02T03:04:05Z", "kind": "message", "sender": "ada", "text": "hi"}
    return json.dumps({"room": room, "line": line, **base, **more})


def test_a_survey_counts_and_collects(tmp_path):
    path = tmp_path / "a"
    path.write_text(
        "\n".join([action("tea", 0), action("tea", 1, sender="bob ", reply_to=0), "nonsense"])
    )
    seen = []
    found = survey_files([path, path], seen.append)
    assert (found.actions, found.bad, len(found.problems)) == (2, 1, 1)
    assert list(found.people) == ["ada", "bob"]
    assert found.parents == {"tea": {0}}
    assert found.groups == [[path]]
    assert seen == [1, 2]


def test_a_line_number_that_occurs_twice_in_a_room_is_bad(tmp_path):
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_text(action("tea", 0))
    two.write_text("\n".join([action("milk", 0), action("tea", 0)]))
    found = survey_files([one, two], lambda _n: None)
    assert found.bad == 1
    assert "2:2: line 0 of room 'tea' occurs twice" in str(found.problems[0])


def test_files_that_share_rooms_are_played_one_after_the_other():
    a, b, c, d = map(Path, "abcd")
    groups = group_files([(a, {"1"}), (b, {"2"}), (c, {"3"}), (d, {"1", "3"})])
    assert sorted(groups) == [[a, c, d], [b]]


def test_files_without_a_good_line_are_in_no_group():
    assert group_files([(Path("a"), set())]) == []
