"""Every client of Kafka is made by the one place that knows how brokers are spoken to."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("roomlog", "schemas", "ingest", "streams", "projector", "api", "analytics")
SOURCES = sorted(
    p for package in (*PACKAGES, "bench", "loadtest") for p in (ROOT / package).rglob("*.py")
)
CLIENTS = {
    "AIOKafkaConsumer",
    "AIOKafkaProducer",
    "AIOKafkaAdminClient",
    "AIOKafkaClient",
    "create_conn",
}


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = node.func
            yield (
                called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", ""),
                node,
            )


def is_of_the_one_place(argument: ast.keyword) -> bool:
    """`**client_options(...)`, or `**options` that came from there."""
    if argument.arg is not None:
        return False
    value = argument.value
    called = value.func if isinstance(value, ast.Call) else value
    return isinstance(called, ast.Name) and called.id in ("client_options", "options")


def test_every_client_of_kafka_is_made_with_the_options_of_its_address():
    made = 0
    for path in SOURCES:
        for name, call in calls(path):
            if name not in CLIENTS:
                continue
            made += 1
            where = f"{path.relative_to(ROOT)}:{call.lineno}"
            assert any(map(is_of_the_one_place, call.keywords)), f"{where}: **client_options(...)"
            named = {k.arg for k in call.keywords}
            assert not {
                n for n in named if n and n.startswith(("bootstrap", "sasl", "ssl", "security"))
            }, where
    assert made > 15  # the search finds what there is


def test_fausts_app_has_credentials():
    apps = [c for n, c in calls(ROOT / "streams" / "kafka.py") if n == "App"]
    assert [{"broker", "broker_credentials"} <= {k.arg for k in app.keywords} for app in apps] == [
        True
    ]


@pytest.mark.parametrize("word", ["bootstrap_servers", "security_protocol", "sasl_plain_password"])
def test_nobody_else_says_how_brokers_are_spoken_to(word):
    found = {p.relative_to(ROOT).as_posix() for p in SOURCES if f"{word}" in p.read_text()}
    assert found == {"roomlog/brokers.py"}
