"""Events to bytes and back: Avro in the Confluent wire format (magic 0, 4-byte schema id, body).

`fastavro` does the work; a test proves that the `avro` library reads and writes the same bytes.
Times stay integers (microseconds since 1970): making a datetime of each would cost more than the rest
of decoding.
"""

import struct
from collections.abc import Mapping
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import fastavro
import msgspec
from fastavro.types import Schema as ParsedSchema
from msgspec import Struct

from roomlog.accounts import USER_TYPES, UserEvent
from roomlog.events import BODY_TYPES, ChatEvent, SealedText
from roomlog.reads import READ_TYPES, ReadEvent
from roomlog.signals import SIGNAL_TYPES, ChatSignal
from schemas import files
from schemas.fast import EventReader, EventWriter, is_plain_post

if TYPE_CHECKING:
    from schemas.columns import ColumnDecoder

_MAGIC = 0
_HEADER = struct.Struct(">bI")
_NAMESPACE = "roomlog."
_R = TypeVar("_R", ChatEvent, ChatSignal, ReadEvent, UserEvent)


class PoisonRecord(ValueError):
    """Bytes that no registered schema can read; the message says why, in one line."""


class Codec(Generic[_R]):
    """Writes and reads the records of one subject.

    `schemas` maps each registered id to the schema behind it; `writer_id` is the one that this
    process writes with. Reading resolves an older writer's schema to the current one.
    """

    def __init__(
        self,
        record: type[_R],
        bodies: Mapping[str, type[Struct]],
        writer_id: int,
        schemas: Mapping[int, files.Schema],
    ) -> None:
        self._record: type[_R] = record
        self._bodies = {_NAMESPACE + name: body for name, body in bodies.items()}
        self._names = {body: name for name, body in self._bodies.items()}
        self._current = _parse(files.current(record.SUBJECT))
        # Without a second schema fastavro skips resolution, which triples the cost of decoding.
        self._writers = {i: self._parsed(s) for i, s in schemas.items()}
        self._header = _HEADER.pack(_MAGIC, writer_id)

    def _parsed(self, schema: files.Schema) -> ParsedSchema:
        same = schema == files.current(self._record.SUBJECT)
        return self._current if same else _parse(schema)

    def encode(self, record: _R) -> bytes:
        """Return the record in wire format; raises ValueError for what the schema does not allow."""
        out = BytesIO()
        out.write(self._header)
        fields = {name: getattr(record, name) for name in record.__struct_fields__}
        fields["body"] = (self._names[type(record.body)], _plain(record.body))
        fastavro.schemaless_writer(out, self._current, fields)
        return out.getvalue()

    def decode(self, data: bytes) -> _R:
        """Return the record that these bytes hold; raises PoisonRecord."""
        fields = self.decode_fields(data)
        name, body = fields["body"]
        try:
            fields["body"] = _struct(self._bodies[name], body)
        except msgspec.ValidationError as error:
            raise PoisonRecord(f"{name} with an unknown value: {error}") from error
        record: _R = self._record(**fields)
        return record

    def decode_fields(self, data: bytes) -> dict[str, Any]:
        """Return the envelope as a dict whose `body` is `(full name, dict)`; raises PoisonRecord.

        For loops that handle many records a second and need few of the fields.
        """
        if len(data) < _HEADER.size:
            raise PoisonRecord(f"{len(data)} bytes are too few for the wire format's header")
        magic, schema_id = _HEADER.unpack_from(data)
        if magic != _MAGIC:
            raise PoisonRecord(f"magic byte is {magic}, not 0")
        writer = self._writers.get(schema_id)
        if writer is None:
            raise PoisonRecord(
                f"schema id {schema_id} is not registered for {self._record.SUBJECT}"
            )
        return self._read(data, writer)

    def _read(self, data: bytes, writer: ParsedSchema) -> dict[str, Any]:
        stream = BytesIO(data)
        stream.seek(_HEADER.size)
        reader = None if writer is self._current else self._current
        try:
            fields = fastavro.schemaless_reader(stream, writer, reader, return_record_name=True)
        except Exception as error:
            raise PoisonRecord(
                f"not Avro of its schema: {type(error).__name__}: {error}"
            ) from error
        if stream.tell() != len(data):
            raise PoisonRecord(f"{len(data) - stream.tell()} bytes are left over after the record")
        if not isinstance(fields, dict):
            raise PoisonRecord(f"a {type(fields).__name__} is not a record")
        return fields


class ChatEventCodec(Codec[ChatEvent]):
    """The codec of topic chat.events, with short ways for what ingest nodes do most."""

    def __init__(self, writer_id: int, schemas: Mapping[int, files.Schema]) -> None:
        super().__init__(ChatEvent, BODY_TYPES, writer_id, schemas)
        names = _branches(files.current(ChatEvent.SUBJECT))
        self._writer_id = writer_id
        self._writer = EventWriter(self._header, names)
        self._reader = EventReader(names)

    def encode(self, record: ChatEvent) -> bytes:
        """Return the record in wire format; raises ValueError for what the schema does not allow."""
        if is_plain_post(record):
            return self._writer.plain_post(record)
        return super().encode(record)

    def decode_fields(self, data: bytes) -> dict[str, Any]:
        """Return the envelope as a dict whose `body` is `(full name, dict)`; raises PoisonRecord."""
        if data.startswith(self._header):
            fields = self._reader.plain_post(data, _HEADER.size)
            if fields is not None:
                return fields
        return super().decode_fields(data)

    @cached_property
    def columns(self) -> "ColumnDecoder":
        """What reads thousands of records at once."""
        from schemas.columns import ColumnDecoder  # numpy: most who read events do without

        return ColumnDecoder(files.current(ChatEvent.SUBJECT), self._writer_id)

    def glance(self, data: bytes) -> tuple[str, str, str]:
        """Return `(event id, type, sender)` of a record without reading the rest; raises PoisonRecord."""
        if data.startswith(self._header):
            try:
                return self._reader.glance(data, _HEADER.size)
            except (IndexError, UnicodeDecodeError) as error:
                raise PoisonRecord(f"not Avro of its schema: {error}") from error
        fields = self.decode_fields(data)
        return fields["event_id"], fields["body"][0].removeprefix(_NAMESPACE), fields["sender_id"]


def chat_event_codec(writer_id: int, schemas: Mapping[int, files.Schema]) -> ChatEventCodec:
    """Return the codec of topic chat.events."""
    return ChatEventCodec(writer_id, schemas)


def chat_signal_codec(writer_id: int, schemas: Mapping[int, files.Schema]) -> Codec[ChatSignal]:
    """Return the codec of topic chat.signals."""
    return Codec(ChatSignal, SIGNAL_TYPES, writer_id, schemas)


def read_event_codec(writer_id: int, schemas: Mapping[int, files.Schema]) -> Codec[ReadEvent]:
    """Return the codec of topic chat.reads."""
    return Codec(ReadEvent, READ_TYPES, writer_id, schemas)


def user_event_codec(writer_id: int, schemas: Mapping[int, files.Schema]) -> Codec[UserEvent]:
    """Return the codec of topic user.events."""
    return Codec(UserEvent, USER_TYPES, writer_id, schemas)


def _parse(schema: files.Schema) -> ParsedSchema:
    return fastavro.parse_schema(_without_logical_types(schema))


def _branches(schema: files.Schema) -> list[str]:
    body = next(f for f in schema["fields"] if f["name"] == "body")
    return [branch["name"] for branch in body["type"]]


def _without_logical_types(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_logical_types(v) for k, v in node.items() if k != "logicalType"}
    if isinstance(node, list):
        return [_without_logical_types(v) for v in node]
    return node


def _plain(body: Struct) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(body, builtin_types=(bytes,))
    if isinstance(sealed := fields.get("text"), dict):
        fields["text"] = ("roomlog.SealedText", sealed)
    return fields


def _struct(body: type[Struct], fields: dict[str, Any]) -> Struct:
    if isinstance(sealed := fields.get("text"), tuple):
        plain = msgspec.convert({**fields, "text": ""}, body)
        return msgspec.structs.replace(plain, text=SealedText(**sealed[1]))
    return msgspec.convert(fields, body)
