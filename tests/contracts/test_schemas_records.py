"""Every record comes back as it was written; what is no record says so."""

import struct

import pytest

from roomlog.accounts import USER_TYPES
from roomlog.events import BODY_TYPES
from roomlog.reads import READ_TYPES
from roomlog.signals import SIGNAL_TYPES
from schemas.codec import PoisonRecord
from tests.contracts.every_record import CODECS, EVERY, WRITER_ID, name


@pytest.mark.parametrize("record", EVERY, ids=name)
def test_a_record_comes_back_as_it_was_written(record):
    codec = CODECS[record.SUBJECT]
    assert codec.decode(codec.encode(record)) == record


@pytest.mark.parametrize("record", EVERY, ids=name)
def test_the_header_is_confluents(record):
    magic, schema_id = struct.unpack(">bI", CODECS[record.SUBJECT].encode(record)[:5])
    assert (magic, schema_id) == (0, WRITER_ID)


def test_there_is_an_example_of_every_record():
    kinds = (BODY_TYPES, SIGNAL_TYPES, READ_TYPES, USER_TYPES)
    every = {body for bodies in kinds for body in bodies.values()}
    assert {type(record.body) for record in EVERY} == every


@pytest.mark.parametrize("record", EVERY[::5], ids=name)
def test_every_truncation_is_poison_and_so_is_a_byte_too_many(record):
    codec = CODECS[record.SUBJECT]
    data = codec.encode(record)
    for length in range(len(data)):
        with pytest.raises(PoisonRecord):
            codec.decode_fields(data[:length])
    with pytest.raises(PoisonRecord, match="left over"):
        codec.decode_fields(data + b"\0")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "too few"),
        (b"\x01\x00\x00\x00\x2a", "magic byte is 1"),
        (b"\x00\x00\x00\x00\x2b", "schema id 43 is not registered"),
    ],
)
def test_what_is_no_record_says_why(data, reason):
    with pytest.raises(PoisonRecord, match=reason):
        CODECS["chat.events-value"].decode_fields(data)
