"""The one list of metrics, and what is said of it."""

from prometheus_client import REGISTRY

from infra.prometheus import reference
from infra.prometheus.queries import known, names, operands


def test_the_page_lists_every_metric():
    page = reference.FILE.read_text()
    assert reference.text(page) == page, "run `python -m infra.prometheus`"
    listed = {entry.name for entry in reference.entries()}
    exported = {f.name + ("_total" if f.type == "counter" else "") for f in REGISTRY.collect()}
    assert listed <= exported
    theirs = {name for name in exported - listed if name.startswith(("python_", "process_"))}
    assert exported - listed - theirs == set()


def test_names_and_units_are_as_prometheus_wants_them():
    for entry in reference.entries():
        assert (entry.type == "counter") == entry.name.endswith("_total"), entry.name
        assert entry.help.rstrip(".") == entry.help != "", entry.name


def test_a_query_is_searched_for_the_metrics_in_it():
    query = (
        'sum by (le, code) (rate(a_total{code="b_c"}[5m])) / on (x) d:e:f{g=~"h"} > 0 or vector(1)'
    )
    assert names(query) == {"a_total", "d:e:f"}
    assert {"ack_seconds_bucket", "ws_errors_total", "rooms_loaded", "up"} <= known()
    assert "ack_seconds" not in known()


def test_what_an_alert_compares_is_tried_without_its_bounds():
    assert operands("sum(a) > 10\nand\nmin by (x) (b)\n  - c >= 0.5") == [
        "sum(a)",
        "min by (x) (b) - c",
    ]
