"""Thousands of records at once into columns: Avro decoded by numpy, field by field for all records.

It follows the current schema, and reads what is plain: strings, longs, optional strings, unsealed texts,
empty arrays. A record with anything else, of another schema, or damaged, is left to the codec.
"""

import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from schemas import files

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
_HEADER = struct.Struct(">bI")
_PADDING = 1_024  # a damaged record may be read some longs beyond its end
_MAX_SHIFT = 63


class Spans(NamedTuple):
    """A string of each record: where its bytes begin and how many they are, -1 for null."""

    start: Ints
    size: Ints

    def at(self, rows: Ints) -> "Spans":
        """Return those of some records."""
        return Spans(self.start[rows], self.size[rows])


Column = Spans | Ints


class NotPlain(ValueError):
    """The schema has a type that is only read by the codec."""


class Decoded(NamedTuple):
    """Records side by side.

    `plain` tells which of them were read; of the others nothing here means anything. `texts` and
    `numbers` are the envelope's fields, the former into `raw`, which `data` shows as an array. `branch` is the
    place of the body's type in the union; `bodies` has for each branch its records and its columns.
    """

    raw: bytes
    data: Bytes
    plain: Mask
    texts: dict[str, Spans]
    numbers: dict[str, Ints]
    branch: Ints
    bodies: dict[int, tuple[Ints, dict[str, Spans]]]

    def pieces(self, spans: Spans) -> list[bytes]:
        """Return the bytes of each span; those of null are none."""
        ends = spans.start + np.maximum(spans.size, 0)
        ranges = zip(spans.start.tolist(), ends.tolist(), strict=True)
        return [self.raw[start:end] for start, end in ranges]

    def are_ascii(self, spans: Spans) -> Mask:
        """Tell which are ASCII, and so UTF-8; nearly always all."""
        if gathered(self.data, spans.start, np.maximum(spans.size, 0)).isascii():
            return np.ones(len(spans.size), np.bool_)
        return np.array([text.isascii() for text in self.pieces(spans)], np.bool_)


class ColumnDecoder:
    """Decodes records that were written with the current schema of a subject, registered as `writer_id`."""

    def __init__(self, schema: files.Schema, writer_id: int) -> None:
        self._header = np.frombuffer(_HEADER.pack(0, writer_id), np.uint8)
        *envelope, body = schema["fields"]
        self._envelope = [(f["name"], _kind(f["type"])) for f in envelope]
        self._bodies = [_body_fields(branch) for branch in body["type"]]
        self.branches: list[str] = [branch["name"] for branch in body["type"]]
        self.are_texts = [_are_texts(fields) for fields in self._bodies]
        """Of each branch whether it has nothing but strings."""

    def decode(self, values: list[bytes]) -> Decoded:
        """Return records in wire format as columns."""
        size = np.fromiter(map(len, values), np.int64, len(values))
        raw = b"".join((*values, bytes(_PADDING)))
        data = np.frombuffer(raw, np.uint8)
        end = np.cumsum(size)
        reader = _Reader(data, end - size, end)
        self._skip_header(reader, size)
        envelope = {name: reader.read(kind) for name, kind in self._envelope}
        branch = reader.longs()
        reader.plain &= (branch >= 0) & (branch < len(self._bodies))
        bodies = self._read_bodies(reader, branch)
        reader.plain &= reader.at == reader.end
        texts = {n: c for n, c in envelope.items() if isinstance(c, Spans)}
        numbers = {n: c for n, c in envelope.items() if not isinstance(c, Spans)}
        return Decoded(raw, data, reader.plain, texts, numbers, branch, bodies)

    def _skip_header(self, reader: "_Reader", size: Ints) -> None:
        reader.plain &= size > self._header.size
        for place, byte in enumerate(self._header):
            reader.plain &= reader.data[reader.at + place] == byte
        reader.at = reader.at + self._header.size

    def _read_bodies(
        self, reader: "_Reader", branch: Ints
    ) -> dict[int, tuple[Ints, dict[str, Spans]]]:
        found = {}
        for number, fields in enumerate(self._bodies):
            rows = np.flatnonzero((branch == number) & reader.plain)
            if not rows.size:
                continue
            if fields is None:
                reader.plain[rows] = False
                continue
            part = reader.part(rows)
            columns = {name: part.read(kind) for name, kind in fields}
            reader.join(rows, part)
            found[number] = rows, {n: c for n, c in columns.items() if isinstance(c, Spans)}
        return found


def gathered(data: Bytes, start: Ints, size: Ints) -> bytes:
    """Return the bytes of all spans, one after the other; no size may be below 0."""
    if not size.size or not (longest := int(size.max())):
        return b""
    if (size == longest).all():  # ids, mostly: whole rows are copied at once
        rows: Bytes = sliding_window_view(data, longest)[start]
        return rows.tobytes()
    ends = np.cumsum(size)
    gather: Ints = np.repeat(start - (ends - size), size)
    gather += np.arange(int(ends[-1]))
    copied: Bytes = data[gather]
    return copied.tobytes()


class _Reader:
    """A position in each of many records; `plain` falls for records that are not what was expected."""

    def __init__(self, data: Bytes, at: Ints, end: Ints) -> None:
        self.data, self.at, self.end = data, at, end
        self.plain: Mask = np.ones(len(at), np.bool_)

    def part(self, rows: Ints) -> "_Reader":
        """Return a reader for some of the records."""
        found = _Reader(self.data, self.at[rows], self.end[rows])
        found.plain = self.plain[rows]
        return found

    def join(self, rows: Ints, part: "_Reader") -> None:
        """Go on from where a part has got to."""
        self.at[rows], self.plain[rows] = part.at, part.plain

    def read(self, kind: str) -> Column:
        """Read a field of every record."""
        match kind:
            case "long":
                return self.longs()
            case "string":
                return self.spans()
            case "optional":
                return self._optional()
            case "text":
                self.plain &= self.longs() == 0
                return self.spans()
        count = self.longs()  # of an array
        self.plain &= count == 0
        return count

    def longs(self) -> Ints:
        """Read a variable-length zigzag integer of every record."""
        at = self.at
        byte = self.data[at].astype(np.uint64)
        value = byte & np.uint64(0x7F)
        self.at = at = at + 1
        rows, shift = np.flatnonzero(byte > 0x7F), 7
        while rows.size and shift <= _MAX_SHIFT:
            byte = self.data[at[rows]].astype(np.uint64)
            value[rows] |= (byte & np.uint64(0x7F)) << np.uint64(shift)
            at[rows] += 1
            rows, shift = rows[byte > 0x7F], shift + 7
        self.plain[rows] = False
        return (value >> np.uint64(1)).astype(np.int64) ^ -(value & np.uint64(1)).astype(np.int64)

    def spans(self) -> Spans:
        """Read a length and skip as many bytes, in every record."""
        size = self.longs()
        fits = (size >= 0) & (size <= self.end - self.at)
        self.plain &= fits
        size = np.where(fits, size, 0)
        start = self.at
        # Past its end a record is damaged for good; it must not lead beyond the data.
        self.at = np.minimum(start + size, self.end)
        return Spans(start, size)

    def _optional(self) -> Spans:
        branch = self.longs()
        self.plain &= (branch == 0) | (branch == 1)
        rows = np.flatnonzero(branch == 1)
        found = Spans(np.zeros_like(self.at), np.full_like(self.at, -1))
        if rows.size:
            part = self.part(rows)
            found.start[rows], found.size[rows] = part.spans()
            self.join(rows, part)
        return found


def _body_fields(branch: files.Schema) -> list[tuple[str, str]] | None:
    """Return how the fields of a fact are read, None where one of them is for the codec."""
    try:
        fields = [(f["name"], _kind(f["type"])) for f in branch["fields"]]
    except NotPlain:
        return None
    return None if any(kind == "long" for _, kind in fields) else fields


def _are_texts(fields: list[tuple[str, str]] | None) -> bool:
    return fields is not None and all(kind == "string" for _, kind in fields)


def _kind(kind: Any) -> str:
    """Return how `_Reader.read` reads an Avro type; raises NotPlain."""
    if isinstance(kind, dict):
        if kind["type"] in ("array", "long"):
            return str(kind["type"])
    elif kind in ("string", "long"):
        return str(kind)
    elif kind == ["null", "string"]:
        return "optional"
    elif isinstance(kind, list) and kind[0] == "string" and len(kind) == 2:
        return "text"
    raise NotPlain(f"columns cannot be made of {kind}")
