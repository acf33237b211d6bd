"""The AsyncAPI document says of the WebSocket protocol what the code does, no more and no less."""

import ast
import inspect
import json
import re
from contextlib import suppress
from difflib import unified_diff
from pathlib import Path

import msgspec
import pytest
import yaml

from roomlog import errors
from roomlog.errors import CloseCode, ErrorCode
from roomlog.events import BODY_TYPES, ChatEvent
from roomlog.moderation import UNSEEN
from roomlog.protocol.decoding import decode_command
from roomlog.protocol.event_frames import event_frame
from roomlog.protocol.frames import PONG, Hello, encode_frame
from roomlog.protocol.terms import ACCESS_COOKIE, BEARER_PREFIX, SUBPROTOCOL
from tests.contracts import asyncapi as doc
from tests.contracts.every_record import CHAT_BODIES, A, B, C

COMMANDS, FRAMES = doc.commands(), doc.frames()
TOLD_COMMANDS, TOLD_FRAMES = doc.documented("receive"), doc.documented("send")
SHOWN = {name for name, kind in BODY_TYPES.items() if kind not in UNSEEN}
SHOWN_BODIES = [body for body in CHAT_BODIES if type(body) not in UNSEEN]
PROTOCOL = (Path(__file__).parents[2] / "docs/protocol.md").read_text(encoding="utf-8")


def examples(messages, ops=None):
    """Each example of the messages, or of those whose `op` is one of these."""
    return [
        pytest.param(name, example["payload"], id=f"{name}-{number}")
        for name, message in messages.items()
        if ops is None or message["name"] in ops
        for number, example in enumerate(message["examples"])
    ]


def written(value) -> str:
    return yaml.safe_dump(value, sort_keys=True, allow_unicode=True)


def explain(op, told, real):
    """Say what has to be changed in the document, or None where it agrees with the code."""
    if told is None:
        return (
            f"docs/asyncapi.yaml lacks `{op}`, which the code has; in its terms:\n{written(real)}"
        )
    if real is None:
        return f"the code lacks `{op}`: take it out of docs/asyncapi.yaml"
    if told == real:
        return None
    lines = unified_diff(written(told).splitlines(), written(real).splitlines(), lineterm="", n=30)
    return "\n".join(
        [f"change `{op}` in docs/asyncapi.yaml: drop what has -, add what has +", *lines]
    )


def compared(told, real):
    return sorted(real | dict.fromkeys(told))


@pytest.mark.parametrize("op", compared(TOLD_COMMANDS, COMMANDS))
def test_a_command_is_documented_as_it_is_taken(op):
    if told := explain(op, TOLD_COMMANDS.get(op), COMMANDS.get(op)):
        pytest.fail(told, pytrace=False)


@pytest.mark.parametrize("op", compared(TOLD_FRAMES.keys() - doc.BUILT_BY_HAND, FRAMES))
def test_a_frame_is_documented_as_it_is_sent(op):
    if told := explain(op, TOLD_FRAMES.get(op), FRAMES.get(op)):
        pytest.fail(told, pytrace=False)


def test_every_kind_of_event_is_documented():
    told = {b["properties"]["type"]["const"] for b in doc.SCHEMAS["Event"]["oneOf"]}
    assert told == SHOWN


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_the_details_of_an_event_are_documented(name):
    told = doc.shape(doc.SCHEMAS[name], doc.SCHEMAS) if name in doc.SCHEMAS else None
    if difference := explain(name, told, doc.details()[name]):
        pytest.fail(difference, pytrace=False)


@pytest.mark.parametrize("body", SHOWN_BODIES, ids=lambda body: type(body).__name__)
def test_an_event_frame_is_as_documented(body):
    event = ChatEvent(C, A, "", B, "key", 1_767_323_045_678_901, "n1", body)
    frame = json.loads(event_frame(event, "1:7", "1:-1"))
    doc.validator("Event").validate(frame)
    assert set(frame) == set(doc.SCHEMAS["Event"]["properties"])
    assert set(frame["d"]) <= set(doc.SCHEMAS[event.type]["properties"])


def test_an_event_of_another_kind_than_its_type_is_not_documented():
    event = ChatEvent(C, A, "", B, "key", 0, "n1", SHOWN_BODIES[-1])
    frame = json.loads(event_frame(event, "1:7", "1:-1"))
    assert not doc.validator("Event").is_valid({**frame, "type": "MessagePosted"})


def test_a_pong_is_as_documented():
    doc.validator("Pong").validate(json.loads(PONG))


@pytest.mark.parametrize(("name", "payload"), examples(doc.MESSAGES))
def test_an_example_fits_its_schema(name, payload):
    doc.validator(name).validate(payload)
    assert payload["op"] == doc.MESSAGES[name]["name"]


@pytest.mark.parametrize(("name", "payload"), examples(doc.messages_of("receive"), COMMANDS))
def test_the_node_reads_an_example_of_a_command(name, payload):
    command = decode_command(json.dumps(payload).encode())
    assert doc.op_of(type(command)) == payload["op"]


@pytest.mark.parametrize(("name", "payload"), examples(doc.messages_of("send"), FRAMES))
def test_an_example_of_a_frame_is_what_the_node_sends(name, payload):
    """Decoding and encoding give the example again: nothing in it is null, missing or too much."""
    sent = [json.loads(encode_frame(frame)) for frame in readings(payload)]
    assert payload in sent


def readings(payload):
    """The frame as each of the types which share its `op` and can be read from it."""
    for kind in doc.frame_types():
        if doc.op_of(kind) == payload["op"]:
            with suppress(msgspec.ValidationError):
                yield msgspec.convert(payload, kind)


def test_the_greeting_of_the_example_has_the_limits_of_the_node():
    (example,) = doc.MESSAGES["Hello"]["examples"]
    hello = msgspec.convert(example["payload"], Hello)
    assert hello == Hello(hello.node, hello.user, hello.session)


def meanings(enum) -> dict[str, str]:
    """The docstring under each member of an enum of `roomlog.errors`."""
    (body,) = ast.parse(inspect.getsource(enum)).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for member, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(member, ast.Assign) and isinstance(text, ast.Expr):
            found[ast.unparse(member.targets[0])] = ast.literal_eval(text.value)
    return found


def test_error_codes_are_those_of_the_code():
    told, texts = doc.SCHEMAS["ErrorCode"], meanings(ErrorCode)
    expected = {code.value: texts[code.name] for code in ErrorCode if code not in doc.REST_ONLY}
    assert told["x-meanings"] == expected, (
        "change components.schemas.ErrorCode of docs/asyncapi.yaml, or REST_ONLY of these tests"
    )
    assert sorted(told["enum"]) == sorted(expected)


def test_close_codes_are_those_of_the_code():
    texts = meanings(errors.CloseCode)
    assert doc.DOCUMENT["channels"]["ws"]["x-close-codes"] == [
        {"code": int(code), "name": code.name, "meaning": texts[code.name]}
        for code in sorted(CloseCode)
    ]


def test_the_document_and_the_prose_have_the_same_commands():
    rows = re.findall(r"^\| (`[^|]*`) \|", PROTOCOL, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) | {"ping", "auth"} == set(TOLD_COMMANDS)


def test_the_document_and_the_prose_have_the_same_frames():
    told = set(re.findall(r'\{"op":"(\w+)"', PROTOCOL.partition("## Cursors")[0]))
    assert told - {"ping", "auth"} == set(TOLD_FRAMES)


def test_the_handshake_is_that_of_the_code():
    schemes = doc.DOCUMENT["components"]["securitySchemes"]
    assert schemes["cookie"]["name"] == ACCESS_COOKIE
    offered = doc.DOCUMENT["channels"]["ws"]["bindings"]["ws"]["headers"]["properties"]
    first, second = offered["Sec-WebSocket-Protocol"]["examples"]
    assert first == SUBPROTOCOL
    assert second.startswith(f"{SUBPROTOCOL}, {BEARER_PREFIX}")


def references(node):
    if isinstance(node, dict):
        yield from ([node["$ref"]] if "$ref" in node else [])
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from references(child)


def test_every_reference_leads_somewhere_and_every_part_is_used():
    found = set(references(doc.DOCUMENT))
    for reference in found:
        assert doc.resolve(reference)
    parts = {
        f"#/components/{kind}/{name}"
        for kind, entries in doc.DOCUMENT["components"].items()
        for name in entries
    }
    assert parts <= found
    assert set(doc.MESSAGES) == {*doc.messages_of("receive"), *doc.messages_of("send")}
