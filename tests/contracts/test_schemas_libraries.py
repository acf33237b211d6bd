"""`avro`, the reference, reads what our codec wrote, and our codec what `avro` wrote."""

import json
import struct
from io import BytesIO

import avro.io
import avro.schema
import msgspec
import pytest

from schemas import files
from tests.contracts.every_record import CODECS, EVERY, WRITER_ID, name

# Times are plain numbers here as they are in the codec: a logical type only names their unit.
_HEADER = struct.pack(">bI", 0, WRITER_ID)


def without_logical_types(node):
    if isinstance(node, dict):
        return {k: without_logical_types(v) for k, v in node.items() if k != "logicalType"}
    return [without_logical_types(v) for v in node] if isinstance(node, list) else node


SCHEMAS = {
    subject: avro.schema.parse(json.dumps(without_logical_types(files.current(subject))))
    for subject in files.SUBJECTS
}


def as_fields(record):
    """The record as `avro` has it: dicts and lists all the way down."""
    fields = msgspec.to_builtins(record, builtin_types=(bytes,))
    fields["body"] = {k: list(v) if type(v) is tuple else v for k, v in fields["body"].items()}
    return fields


@pytest.mark.parametrize("record", EVERY, ids=name)
def test_avro_reads_our_bytes(record):
    data = BytesIO(CODECS[record.SUBJECT].encode(record)[len(_HEADER) :])
    reader = avro.io.DatumReader(SCHEMAS[record.SUBJECT])
    assert reader.read(avro.io.BinaryDecoder(data)) == as_fields(record)
    assert not data.read()


class Branch(dict):
    """A record's fields that know which branch of a union they are."""

    name = ""


class BranchWriter(avro.io.DatumWriter):
    """`avro` guesses a branch by its shape, which several facts share; this one is told."""

    def write_union(self, union, datum, encoder):
        if not isinstance(datum, Branch):
            return super().write_union(union, datum, encoder)
        index = [branch.name for branch in union.schemas].index(datum.name)
        encoder.write_long(index)
        return self.write_data(union.schemas[index], datum, encoder)


@pytest.mark.parametrize("record", EVERY, ids=name)
def test_we_read_avros_bytes(record):
    fields = as_fields(record)
    fields["body"] = Branch(fields["body"])
    fields["body"].name = type(record.body).__name__
    out = BytesIO()
    # Not `write`, which validates first, and guesses for that too.
    BranchWriter().write_data(SCHEMAS[record.SUBJECT], fields, avro.io.BinaryEncoder(out))
    assert CODECS[record.SUBJECT].decode(_HEADER + out.getvalue()) == record
