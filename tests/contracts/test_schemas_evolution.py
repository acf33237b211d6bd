"""The newest reader reads the oldest event: a replay depends on it."""

import copy
from io import BytesIO

import fastavro
import pytest

from roomlog.events import ChatEvent, MemberJoined, MemberLeft, MessagePosted
from schemas import files
from schemas.codec import chat_event_codec
from schemas.compatibility import incompatibilities

SUBJECTS = sorted(files.SUBJECTS)
CHAT = ChatEvent.SUBJECT
OLD_ID, NEW_ID = 1, 2


def newer(subject=CHAT):
    return copy.deepcopy(files.current(subject))


def body_union(schema):
    return next(f for f in schema["fields"] if f["name"] == "body")["type"]


def branch(schema, record):
    return next(b for b in body_union(schema) if b["name"] == record)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_current_schema_reads_every_released_one(subject):
    assert incompatibilities(subject) == []


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_newest_released_schema_is_the_current_one(subject):
    assert files.released(subject)[-1] == files.current(subject), (
        "a changed schema needs a new file in schemas/history; released ones never change"
    )


def without_a_fact(schema):
    body_union(schema).remove(branch(schema, "MemberLeft"))


def with_a_required_field(schema):
    branch(schema, "MessagePosted")["fields"].append({"name": "mood", "type": "string"})


def with_a_narrower_type(schema):
    next(f for f in schema["fields"] if f["name"] == "occurred_at")["type"] = "int"


def with_a_renamed_field(schema):
    branch(schema, "MemberJoined")["fields"][0]["name"] = "who"


def with_a_renamed_fact(schema):
    branch(schema, "MemberJoined")["name"] = "MemberCame"


@pytest.mark.parametrize(
    "change",
    [
        without_a_fact,
        with_a_required_field,
        with_a_narrower_type,
        with_a_renamed_field,
        with_a_renamed_fact,
    ],
)
def test_a_change_that_breaks_replays_is_caught(change):
    schema = newer()
    change(schema)
    assert incompatibilities(CHAT, schema)


def with_an_optional_field(schema):
    branch(schema, "MemberJoined")["fields"].append(
        {"name": "invited_by", "type": ["null", "string"], "default": None}
    )


def with_a_new_fact(schema):
    body_union(schema).append(
        {
            "type": "record",
            "name": "RoomArchived",
            "fields": [{"name": "reason", "type": "string", "default": ""}],
        }
    )


@pytest.mark.parametrize("change", [with_an_optional_field, with_a_new_fact])
def test_a_change_that_only_adds_is_allowed(change):
    schema = newer()
    change(schema)
    assert incompatibilities(CHAT, schema) == []


def test_an_event_of_an_older_schema_is_read_with_the_new_fields_default():
    old = newer()
    fields = branch(old, "MemberJoined")["fields"]
    fields.remove(next(f for f in fields if f["name"] == "role"))
    assert reader(old).decode(written(old, "MemberJoined", {"user_id": "u"})).body == MemberJoined(
        "u"
    )


def test_a_fact_that_moved_in_the_union_is_read_by_its_name():
    old = newer()
    body_union(old).insert(0, body_union(old).pop(5))
    assert reader(old).decode(written(old, "MemberLeft", {"user_id": "u"})).body == MemberLeft("u")


@pytest.mark.parametrize("version", range(len(files.released(CHAT))))
def test_every_released_schema_can_be_read(version):
    old = files.released(CHAT)[version]
    data = written(old, "MessagePosted", {"text": "hi"})
    assert reader(old).decode(data).body == MessagePosted("hi")


def reader(old):
    return chat_event_codec(NEW_ID, {OLD_ID: old, NEW_ID: files.current(CHAT)})


def written(schema, fact, fields):
    """An event as a writer of that schema wrote it."""
    envelope = dict.fromkeys(("event_id", "room_id", "sender_id", "key", "node"), "x")
    record = {**envelope, "occurred_at": 1, "body": (f"roomlog.{fact}", fields)}
    out = BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(copy.deepcopy(schema)), record)
    return b"\0" + OLD_ID.to_bytes(4, "big") + out.getvalue()
