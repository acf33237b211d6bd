"""One message, from its key to its row: spans of every service, and lines in their logs."""

import itertools
import uuid

from roomlog import ids
from roomlog.settings import Settings
from roomlog.stack.layout import Layout

SPANS = {"receive", "send", "fan out", "deliver", "project"}


def chosen_key(sender, room):
    """Return a key whose message is traced by default: one of a thousand."""
    below = f"{int(Settings().trace_sample * 16**12):012x}"
    keys = (f"traced-{n}" for n in itertools.count())
    return next(key for key in keys if ids.event_id(sender, room, key)[24:] < below)


async def test_a_message_is_followed_through_every_service_by_its_event_id(
    stack, collector, two_members, db
):
    alice, _, room = two_members
    untraced = await alice.post(room, "nobody follows this one")
    key = chosen_key(alice.user_id, room)
    said = await alice.request({"op": "send", "room": room, "key": key, "text": "follow me"})
    found = {span.name: span for span in await collector.wait_for(said.event, SPANS)}
    offset = int(said.cursor.split(":")[1])

    receive, send = found["receive"], found["send"]
    assert (receive.parent, receive.about["roomlog.key"]) == ("", key)
    assert send.parent == receive.span
    assert {found[name].parent for name in SPANS - {"receive", "send"}} == {send.span}
    assert {(s.about["roomlog.event_id"], s.about["roomlog.offset"]) for s in found.values()} == {
        (said.event, offset)
    }
    assert {(name, span.service, span.instance) for name, span in found.items()} == {
        ("receive", "roomlog-ingest", "n1"),
        ("send", "roomlog-ingest", "n1"),
        ("fan out", "roomlog-streams", "streams-1"),
        ("deliver", "roomlog-ingest", "n2"),
        ("project", "roomlog-projector", "projector-1"),
    }
    assert receive.begun <= send.begun <= send.ended <= receive.ended
    # Not in this order: a node reads the log itself where the streams are slow.
    assert all(send.begun < found[name].begun for name in ("fan out", "deliver", "project"))
    row = db.execute('SELECT "offset" FROM messages WHERE event_id = %s', [said.event])
    assert row.fetchone() == (offset,)

    logs = Layout(stack.data)
    for name in ("ingest-1", "ingest-2", "streams-1", "projector-1"):
        lines = [line for line in logs.log(name).read_text().splitlines() if said.event in line]
        assert lines, name
        assert room in lines[0], name
        assert str(offset) in lines[0], name
    assert collector.spans(untraced.event) == []
    assert collector.spans(str(uuid.uuid4())) == []
