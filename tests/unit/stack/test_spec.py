"""What runs for which options, and where things are kept."""

from pathlib import Path

import pytest

from roomlog.partitions import PARTITIONS
from roomlog.stack.layout import cache_dir
from roomlog.stack.spec import (
    ROOT,
    SCALABLE,
    Spec,
    default_data,
    external_servers,
    kind_of,
    number_of,
)


def test_everything_runs_by_default():
    assert Spec().names() == [
        *("postgres", "valkey", "kafka", "registry"),
        *("ingest-1", "ingest-2", "streams-1", "projector-1", "indexer-1", "webhooks-1"),
        *("notifier-1", "api"),
    ]


def test_counts_number_the_services():
    names = Spec(nodes=3, streams=2, only=("ingest", "streams")).names()
    assert names == ["ingest-1", "ingest-2", "ingest-3", "streams-1", "streams-2"]


def test_brokers_are_numbered_from_the_second_on():
    assert Spec(brokers=3, only=("kafka",)).names() == ["kafka", "kafka-2", "kafka-3"]
    assert Spec(brokers=3, external={"kafka": "broker:9092"}, only=("kafka",)).names() == []


def test_as_many_workers_as_partitions_at_most():
    assert SCALABLE["streams"] == SCALABLE["projector"] == PARTITIONS


def test_only_takes_kinds_and_single_services():
    assert Spec(only=("kafka", "ingest-2")).names() == ["kafka", "ingest-2"]


def test_servers_that_exist_are_not_started():
    assert "kafka" not in Spec(external={"kafka": "broker:9092"}).names()


@pytest.mark.parametrize(
    ("name", "kind", "number"),
    [
        ("ingest-12", "ingest", 12),
        ("api", "api", 1),
        ("kafka", "kafka", 1),
        ("kafka-3", "kafka", 3),
    ],
)
def test_a_name_is_a_kind_and_a_number(name, kind, number):
    assert (kind_of(name), number_of(name)) == (kind, number)


def test_external_servers_come_from_the_environment():
    found = external_servers({"ROOMLOG_KAFKA": "b:1", "ROOMLOG_VALKEY": "", "ROOMLOG_DATA": "/d"})
    assert found == {"kafka": "b:1"}


def test_data_directory_can_be_named():
    assert default_data({}) == ROOT / ".roomlog"
    assert default_data({"ROOMLOG_DATA": "/somewhere"}) == Path("/somewhere")


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"HOME": "/home/a"}, "/home/a/.cache/roomlog"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "/c"}, "/c/roomlog"),
        ({"HOME": "/home/a", "ROOMLOG_CACHE": "/mine"}, "/mine"),
    ],
)
def test_cache_directory(environ, path):
    assert cache_dir(environ) == Path(path)
