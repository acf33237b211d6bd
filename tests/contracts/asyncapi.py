"""What `docs/asyncapi.yaml` says and what the code says, in one form in which they can be compared.

A shape is a JSON schema without references, prose and spelling variants. Commands and frames are listed by
`op`, as a client sees them; an `op` has several shapes where several messages share it.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import msgspec
import yaml

from roomlog.errors import ErrorCode
from roomlog.events import BODY_TYPES, SealedText
from roomlog.protocol import frames as frames_sent
from roomlog.protocol.commands import AnyCommand
from roomlog.protocol.event_frames import CLIENT_NAMES
from roomlog.protocol.terms import TEXT_CHARS

Shape = dict[str, Any]
Shapes = dict[str, list[Shape]]

DOCUMENT: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "docs/asyncapi.yaml").read_text(encoding="utf-8")
)
SCHEMAS: dict[str, Shape] = DOCUMENT["components"]["schemas"]
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]
BUILT_BY_HAND = {"event", "pong"}
"""Frames without a type that says all of them: their bytes are compared."""
REST_ONLY = {
    ErrorCode.UNAUTHENTICATED,
    ErrorCode.WRONG_CREDENTIALS,
    ErrorCode.WRONG_PASSWORD,
    ErrorCode.STILL_OWNER,
    ErrorCode.CSRF,
    ErrorCode.EMAIL_TAKEN,
    ErrorCode.NOT_FOUND,
    ErrorCode.UNSUPPORTED_TYPE,
    ErrorCode.QUOTA_EXCEEDED,
    ErrorCode.BEHIND,
    ErrorCode.TOO_LATE,
    ErrorCode.INTERNAL,
}
_PROSE = {"title", "description", "examples", "discriminator", "default"}


def resolve(reference: str) -> Any:
    """Return what a reference within the document points to; raises KeyError."""
    found: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def shape(schema: Any, definitions: dict[str, Shape]) -> Shape:
    """Return a schema in the form that is compared; a default counts where it is more than `null` or empty."""
    if "$ref" in schema:
        return shape(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    found = {k: v for k, v in schema.items() if k not in _PROSE and not k.startswith("x-")}
    if (const := found.pop("const", None)) is not None:
        found["enum"] = [const]
    if "enum" in found:
        found.pop("type", None)
        found["enum"] = sorted(found["enum"])
    if isinstance(names := found.get("type"), list):
        found = {"anyOf": [_of_type(name, found) for name in names]}
    if (either := found.pop("oneOf", found.pop("anyOf", None))) is not None:
        found["anyOf"] = sorted((shape(s, definitions) for s in either), key=json.dumps)
    for name in ("items", "additionalProperties"):
        if isinstance(found.get(name), dict):
            found[name] = shape(found[name], definitions)
    if "properties" in found:
        found["properties"] = {
            k: shape(v, definitions) for k, v in sorted(found["properties"].items())
        }
        found["required"] = sorted(found.get("required", []))
    if schema.get("default"):
        found["default"] = schema["default"]
    return dict(sorted(found.items()))


def _of_type(name: str, schema: Shape) -> Shape:
    return {"type": name} if name == "null" else {**schema, "type": name}


# The document.


def messages_of(action: str) -> dict[str, Any]:
    """Return the messages that the node receives or sends (replies included), by their name."""
    references: list[dict[str, str]] = []
    for operation in DOCUMENT["operations"].values():
        if operation["action"] == action:
            references += operation["messages"]
        if action == "send":
            references += _reply_of(operation)
    names = [reference["$ref"].rpartition("/")[2] for reference in references]
    return {name: MESSAGES[name] for name in names}


def _reply_of(operation: dict[str, Any]) -> list[dict[str, str]]:
    reply = operation.get("reply", {})
    reply = resolve(reply["$ref"]) if "$ref" in reply else reply
    return list(reply.get("messages", []))


def documented(action: str) -> Shapes:
    """Return the shapes of the messages that the node receives or sends, by `op`."""
    found: Shapes = {}
    for message in messages_of(action).values():
        found.setdefault(message["name"], []).append(shape(message["payload"], SCHEMAS))
    return {op: sorted(shapes, key=json.dumps) for op, shapes in found.items()}


@cache
def validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    """Return a validator of one of the document's schemas."""
    root = {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": SCHEMAS}}
    return jsonschema_rs.Draft202012Validator(root, validate_formats=True)


# The code.


def commands() -> Shapes:
    """Return the shapes of the commands that the node takes, by `op`."""
    found = {op_of(kind): [_limit_text(_schema(kind))] for kind in get_args(AnyCommand)}
    return dict(sorted(found.items()))


def _limit_text(command: Shape) -> Shape:
    """`decode_command` bounds texts itself, because its answer is not `bad_request`."""
    if (text := command["properties"].get("text")) is not None:
        text.setdefault("maxLength", TEXT_CHARS)
    return command


def frame_types() -> list[type[msgspec.Struct]]:
    """Return the types of `roomlog.protocol.frames` that the node sends: those with an `op`."""
    return [
        kind
        for kind in vars(frames_sent).values()
        if isinstance(kind, type)
        and issubclass(kind, msgspec.Struct)
        and isinstance(kind.__struct_config__.tag, str)
    ]


def frames() -> Shapes:
    """Return the shapes of the frames that the node sends, by `op`."""
    found: Shapes = {}
    for kind in frame_types():
        found.setdefault(op_of(kind), []).append(_as_sent(_schema(kind), kind))
    for refusal in found[op_of(frames_sent.Failed)]:
        code = refusal["properties"]["code"]
        code["enum"] = sorted(set(code["enum"]) - REST_ONLY)
    return {op: sorted(shapes, key=json.dumps) for op, shapes in sorted(found.items())}


def details() -> dict[str, Shape]:
    """Return the shape of `d` for each event type."""
    return {name: _details(kind) for name, kind in BODY_TYPES.items()}


def op_of(kind: type[msgspec.Struct]) -> str:
    """Return the `op` of a command or frame."""
    return str(kind.__struct_config__.tag)


def _schema(kind: type[msgspec.Struct]) -> Shape:
    (root,), definitions = msgspec.json.schema_components([kind])
    if SealedText.__name__ in definitions:
        sealed = shape(definitions[SealedText.__name__], definitions)
        wrapped = {"type": "object", "required": ["sealed"], "properties": {"sealed": sealed}}
        definitions[SealedText.__name__] = wrapped
    return shape(root, definitions)


def _as_sent(schema: Shape, kind: type[msgspec.Struct]) -> Shape:
    """What is left out at its default is never null; what is not left out is always there."""
    inner = {f.encode_name: f.type for f in msgspec.structs.fields(kind) if _is_struct(f.type)}
    sent = {k: _as_sent(schema["properties"][k], inner_kind) for k, inner_kind in inner.items()}
    properties = {**schema["properties"], **sent}
    if not kind.__struct_config__.omit_defaults:
        properties = {k: v if k in inner else _without_defaults(v) for k, v in properties.items()}
        return {**schema, "properties": properties, "required": sorted(properties)}
    optional = {k: _without_null(v) for k, v in properties.items() if k not in schema["required"]}
    return {**schema, "properties": {**properties, **optional}}


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _without_defaults(schema: Shape) -> Shape:
    found = {k: v for k, v in schema.items() if k != "default"}
    if "properties" in found:
        found["properties"] = {k: _without_defaults(v) for k, v in found["properties"].items()}
        found["required"] = sorted(found["properties"])
    return found


def _without_null(schema: Shape) -> Shape:
    rest = [s for s in schema.get("anyOf", ()) if s != {"type": "null"}]
    return rest[0] if len(rest) == 1 else schema


def _details(kind: type[msgspec.Struct]) -> Shape:
    """`event_details` leaves defaults out and renames the fields of the fact itself."""
    found = _schema(kind)
    names = CLIENT_NAMES
    optional = {k: _without_null(v) for k, v in found["properties"].items()}
    properties = {names.get(k, k): v for k, v in optional.items()}
    required = sorted(names.get(k, k) for k in found["required"])
    return {**found, "properties": dict(sorted(properties.items())), "required": required}
