import csv
import json

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics import writers
from analytics.rows import SCHEMA, Row, batch_of

ROWS = [
    Row(
        1,
        5,
        "e1",
        "r",
        "s",
        "MessagePosted",
        1_500_001,
        "k",
        '{"text":"a \\"b\\"\\n,c"}',
        'a "b"\n,c',
        None,
    ),
    Row(1, 6, "e2", "r", "s", "MemberJoined", -1, "k2", '{"user":"s"}', None, None),
]
TIMES = ["1970-01-01T00:00:01.500001Z", "1969-12-31T23:59:59.999999Z"]


@pytest.fixture
def written(tmp_path):
    def write(format_):
        path = tmp_path / f"x.{format_}"
        writer = writers.FORMATS[format_](path)
        for row in ROWS:
            writer.write(batch_of([row]))
        writer.close()
        return path

    return write


def test_parquet(written):
    table = pq.read_table(written("parquet"))
    assert table.schema.equals(SCHEMA)
    assert table.equals(pa.Table.from_batches([batch_of(ROWS)]))


def test_parquet_has_large_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(writers, "ROW_GROUP", 4)
    writer = writers.ParquetWriter(tmp_path / "x.parquet")
    for _ in range(5):
        writer.write(batch_of(ROWS))
    writer.close()
    meta = pq.ParquetFile(tmp_path / "x.parquet").metadata
    assert [meta.row_group(i).num_rows for i in range(meta.num_row_groups)] == [4, 4, 2]


def test_jsonl_has_the_contracts_columns(written):
    lines = [json.loads(line) for line in written("jsonl").read_text().splitlines()]
    assert list(lines[0]) == [
        "partition", "offset", "event_id", "room_id", "sender_id", "type", "ts", "key", "body",
    ]  # fmt: skip
    assert [line["ts"] for line in lines] == TIMES
    assert lines[0]["body"] == {"text": 'a "b"\n,c'}


def test_csv(written):
    with written("csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == SCHEMA.names
    assert [r["ts"] for r in rows] == TIMES
    assert rows[0]["text"] == 'a "b"\n,c'
    assert rows[1]["text"] == ""


def test_avro(written):
    with written("avro").open("rb") as file:
        rows = list(fastavro.reader(file))
    assert [r["offset"] for r in rows] == [5, 6]
    assert rows[0]["ts"].isoformat() == "1970-01-01T00:00:01.500001+00:00"
    assert rows[1]["text"] is None


@pytest.mark.parametrize("format_", list(writers.FORMATS))
def test_nothing_written_is_a_file_that_opens(format_, tmp_path):
    path = tmp_path / f"x.{format_}"
    writers.FORMATS[format_](path).close()
    if format_ == "parquet":
        assert pq.read_table(path).num_rows == 0
    elif format_ == "avro":
        with path.open("rb") as file:
            assert list(fastavro.reader(file)) == []
    else:
        assert len(path.read_text().splitlines()) <= 1
