"""The list of who may do what in Kafka, and what a cluster has of it."""

import ast
from pathlib import Path

import pytest

from roomlog import access, topics
from roomlog.access import AccessError, Entry, Right, Service, compared, rights

ROOT = Path(__file__).resolve().parents[3]
CONSTANTS = {name: value for name, value in vars(topics).items() if isinstance(value, str)}
LIST = {
    "reader": Service(produce=[], consume=["a"], group="g"),
    "writer": Service(produce=["a"], consume=[]),
}
READ_A = Entry(2, "a", 3, "User:reader", "*", 3, 3)
READ_G = Entry(3, "g", 3, "User:reader", "*", 3, 3)
WRITE_A = Entry(2, "a", 3, "User:writer", "*", 4, 3)


def test_the_list_names_topics_that_there_are_and_every_service_that_connects():
    services = access.load()
    known = {t.name for t in topics.load()}
    assert {t for s in services.values() for t in s.topics} == known
    assert services.keys() == {
        "ingest", "streams", "projector", "indexer", "webhooks", "api", "operator"
    }  # fmt: skip


def test_only_who_has_to_may_write_the_truth():
    writers = {r.user for r in rights(access.load()) if r[1:] == ("write", "topic", "chat.events")}
    assert writers == {"ingest", "operator"}


@pytest.mark.parametrize(
    ("stage", "services"),
    [
        ("ingest", {"ingest"}),
        ("streams", {"streams"}),
        ("api", {"api"}),
        ("projector", {"projector", "indexer", "webhooks", "operator"}),
        ("analytics", {"operator"}),
    ],
)
def test_a_stage_has_rights_on_every_topic_that_its_code_names(stage, services):
    named = {
        n for path in (ROOT / stage).rglob("*.py") for n in names_of(ast.parse(path.read_text()))
    }
    of_code = {CONSTANTS.get(name, name) for name in named} & {t.name for t in topics.load()}
    allowed = {topic for s in services for topic in access.load()[s].topics}
    assert of_code
    assert of_code <= allowed


def names_of(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_rights_of_a_list():
    assert rights(LIST) == [
        Right("reader", "read", "group", "g"),
        Right("reader", "read", "topic", "a"),
        Right("writer", "write", "topic", "a"),
    ]
    assert str(rights(LIST)[0]) == "reader may read group g"


def test_a_cluster_with_exactly_the_list_has_no_difference():
    assert compared(LIST, [READ_A, READ_G, WRITE_A]) == ([], [])


def test_what_is_missing_and_what_is_too_much_is_found():
    more = [
        Entry(2, "a", 3, "User:reader", "*", 4, 3),
        Entry(2, "a", 4, "User:writer", "*", 4, 3),  # everything that begins with a
        Entry(4, "kafka-cluster", 3, "User:writer", "*", 2, 3),
        Entry(2, "a", 3, "User:writer", "10.0.0.1", 4, 2),  # one that forbids
    ]
    stranger = Entry(2, "a", 3, "User:stranger", "*", 2, 3)
    found = compared(LIST, [READ_A, READ_G, *more, stranger])
    assert found.missing == [Right("writer", "write", "topic", "a")]
    assert found.surplus == sorted(more)
    assert [str(e) for e in more] == [
        "reader may write topic a",
        "writer may write topic a*",
        "writer may do everything with cluster kafka-cluster",
        "writer may not write topic a",
    ]


def test_a_file_that_is_no_list_is_named(tmp_path):
    bad = tmp_path / "access.yaml"
    with pytest.raises(AccessError, match=r"cannot read .*access\.yaml"):
        access.load(bad)
    bad.write_text("services: {api: {produce: chat.events}}")
    with pytest.raises(AccessError, match="Expected `array`"):
        access.load(bad)
