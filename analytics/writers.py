"""The files of an export: one writer a format, all fed with RecordBatches of `analytics.rows.SCHEMA`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import fastavro
import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from analytics.rows import SCHEMA

ROW_GROUP = 100_000
_REPEATING = ["room_id", "sender_id", "type"]
_TS_FORMAT = "%Y-%m-%dT%H:%M:%SZ"  # Arrow's %S has the six digits of the column's unit
_AVRO_TYPES = {pa.int32(): "int", pa.int64(): "long", pa.string(): "string"}


class Writer(Protocol):
    """Writes one file; nothing is complete before `close`."""

    def write(self, batch: Any) -> None:
        """Append rows."""

    def close(self) -> None:
        """Finish the file."""


class ParquetWriter:
    """Row groups of about ROW_GROUP rows, zstd; texts that repeat are stored once a group."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetWriter(
            path, SCHEMA, compression="zstd", use_dictionary=_REPEATING, write_page_index=True
        )
        self._held: list[Any] = []
        self._rows = 0

    def write(self, batch: Any) -> None:
        """Append rows."""
        self._held.append(batch)
        self._rows += batch.num_rows
        if self._rows >= ROW_GROUP:
            self._flush()

    def close(self) -> None:
        """Finish the file."""
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._held, SCHEMA)
        self._file.write_table(table, row_group_size=max(self._rows, 1))
        self._held, self._rows = [], 0


class Line(msgspec.Struct):
    """A line of JSONL: the columns of an export, the body as an object."""

    partition: int
    offset: int
    event_id: str
    room_id: str
    sender_id: str
    type: str
    ts: str
    key: str
    body: msgspec.Raw


class JsonlWriter:
    """One JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._encode = msgspec.json.Encoder().encode_lines

    def write(self, batch: Any) -> None:
        """Append rows."""
        self._file.write(self._encode(lines_of(batch)))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def lines_of(batch: Any) -> list[Line]:
    """Return rows as the objects of JSONL, for msgspec's encoder."""
    *columns, body = (_with_text_times(batch).column(n).to_pylist() for n in Line.__struct_fields__)
    raw = [msgspec.Raw(b.encode()) for b in body]
    return list(map(Line, *columns, raw))


class CsvWriter:
    """A header and quoted texts; `body` is JSON."""

    def __init__(self, path: Path) -> None:
        schema = SCHEMA.set(SCHEMA.get_field_index("ts"), pa.field("ts", pa.string()))
        self._file = pa.csv.CSVWriter(path, schema)

    def write(self, batch: Any) -> None:
        """Append rows."""
        self._file.write(_with_text_times(batch))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class AvroWriter:
    """An Avro container file, deflated; `ts` is timestamp-micros."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        schema = {"type": "record", "name": "Row", "namespace": "roomlog.export"}
        fields = [{"name": f.name, "type": _avro_type(f)} for f in SCHEMA]
        self._schema = fastavro.parse_schema({**schema, "fields": fields})
        fastavro.writer(self._file, self._schema, [], codec="deflate")

    def write(self, batch: Any) -> None:
        """Append rows."""
        self._file.seek(0, 2)
        fastavro.writer(self._file, self._schema, batch.to_pylist(), codec="deflate")

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


FORMATS: dict[str, Callable[[Path], Writer]] = {
    "parquet": ParquetWriter,
    "avro": AvroWriter,
    "jsonl": JsonlWriter,
    "csv": CsvWriter,
}


def _with_text_times(batch: Any) -> Any:
    place = SCHEMA.get_field_index("ts")
    texts = pc.strftime(batch.column("ts"), _TS_FORMAT)
    return batch.set_column(place, pa.field("ts", pa.string()), texts)


def _avro_type(field: Any) -> Any:
    if pa.types.is_timestamp(field.type):
        return {"type": "long", "logicalType": "timestamp-micros"}
    kind = _AVRO_TYPES[field.type]
    return ["null", kind] if field.nullable else kind
