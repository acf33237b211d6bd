"""Real chat of five rooms, imported twice and exported: files, log, read models and export agree."""

import pyarrow.dataset as ds

from roomlog.bridge.script import Bridge
from tests.acceptance.queries import check_import, expectation
from tests.cli import roomlog_json

ROOMS = ["rust.0", "ubuntu-meeting.1", "2004-12-25", "2008-04-27", "2017-07-15"]


async def test_real_chat_arrives_whole_and_leaves_whole(stack, irc, tmp_path):
    files = [irc / f"{room}.jsonl.gz" for room in ROOMS]
    made = roomlog_json("import", "--data", stack.data, *files)
    assert made["refused"] == made["reordered"] == 0
    at = stack.settings
    found = await check_import(files, Bridge("import"), at.kafka, at.postgres, at.registry)
    assert not found.problems
    assert found.actions == made["actions"]
    assert found.replies == made["replies"]
    assert roomlog_json("import", "--data", stack.data, *files)["new_events"] == 0

    expected = expectation(files, Bridge("import"))
    rooms = [part for room in expected for part in ("--room", room)]
    exported = roomlog_json("export", "--data", stack.data, "--out", tmp_path, *rooms)
    table = ds.dataset(tmp_path).to_table(columns=["room_id", "offset", "event_id", "type"])
    assert exported["types"]["MessagePosted"] == found.messages
    rows = sorted(table.to_pylist(), key=lambda r: r["offset"])
    for room, want in expected.items():
        events = [
            r["event_id"] for r in rows if r["room_id"] == room and r["type"] != "RoomCreated"
        ]
        assert events == want.events
