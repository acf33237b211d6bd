"""`roomlog plan` as it is called: its answers, its JSON, and what it says to nonsense."""

import json

import pytest
import typer
from typer.testing import CliRunner

from roomlog.capacity import measured, prices
from roomlog.capacity.command import plan
from roomlog.capacity.workload import PHASES

app = typer.Typer()
app.command()(plan)

USUAL = ("--users", "250000", "--rate", "50000")

FIXED = """\
ingest_command_us 10|ingest_across_us 50|delivery_us 5|streams_us 15|projector_us 10|postgres_us 10
kafka_us 10|kafka_lone_us 110|valkey_us 2|valkey_lone_us 22|connection_kib 8|acked_per_s 20000
delivered_per_s 500000|connections_per_node 10000|text_bytes 58|record_bytes 300|record_zstd_bytes 100
frame_bytes 400|frame_deflated_bytes 300|key_bytes 150|row_bytes 400|index_bytes 50|wal_bytes 500
indexer_us 20|index_postgres_us 10|search_bytes 200|webhook_us 2000|webhook_postgres_us 400|push_us 1000
push_postgres_us 500|api_us 2000|postgres_read_us 500
"""
"""Round figures, so that the golden plan below can be followed by hand."""


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def round_figures(tmp_path):
    """Return a file of figures that no run of the bench changes."""
    values = dict(pair.split() for line in FIXED.splitlines() for pair in line.split("|"))
    known = measured.load()
    found = {
        name: {"value": float(values.pop(name, figure.value)), "unit": figure.unit}
        | {"source": figure.source, "means": figure.means}
        for name, figure in known.each().items()
    }
    assert not values
    path = tmp_path / "figures.yaml"
    path.write_text(json.dumps({"machine": {"cores": 2, "taken": "round"}, "figures": found}))
    return str(path)


def test_it_prints_plan_rooms_prices_and_where_it_leaves_what_was_measured():
    told = run(*USUAL)
    assert told.exit_code == 0
    for part in (
        "ingest nodes",
        "One room",
        "Price a month, EUR (example prices",
        "extrapolated x",
    ):
        assert part in told.stdout


def test_a_golden_plan(round_figures):
    """50,000 messages/s to 10 followers, 250,000 users; the comments follow the formulas."""
    told = json.loads(run(*USUAL, "--text", "58", "--measured", round_figures, "--json").stdout)
    nodes, kafka = told["ingest"], told["kafka"]
    # 10 + 7.934 x 20 + 2.066 x 5 = 179 us a message on 19 nodes: 8.95 cores, 9 are half of 18 nodes
    assert (nodes["count"], nodes["for_load"], nodes["limited_by"]) == (19, 18, "cpu")
    assert nodes["nodes_per_message"] == pytest.approx(19 * (1 - (18 / 19) ** 10))
    assert nodes["connections_each"] == 2_778
    # 50,000 x (1 + 7.934) x 10 us x 1.25 / 0.5, and one more
    assert (told["streams"]["count"], told["projector"]["count"]) == (13, 3)
    # 50,000 x 20 us x 1.25 / 0.5; 500 x 2 ms and 5,000 x 1 ms, by 0.5; and one more of each
    assert (told["indexer"]["count"], told["webhooks"]["count"]) == (4, 3)
    assert told["notifier"]["count"] == 11
    assert kafka["partitions"] == 96
    # a batch each: 50,000 x 110 us x (1 + 2 / 2) = 11 cores, 2 of each broker
    assert (kafka["brokers"], kafka["limited_by"], kafka["batch_events"]) == (7, "cpu", 1)
    assert kafka["load_cores"] == pytest.approx(11)
    # 50,000 x (10 + 10 + 0.01 x 400 + 0.1 x 500) us for writes, 1,667 reads/s of 500 us
    assert told["postgres"]["load_cores"] == pytest.approx(3.7 + 0.8333, rel=1e-3)
    assert (told["postgres"]["primaries"], told["postgres"]["cores_each"]) == (1, 16)
    # 14,706 keys/s over a day, 150 bytes each
    assert told["valkey"]["keys"] == pytest.approx(50_000 / 3.4 * 86_400)
    assert told["valkey"]["primaries"] == 3
    assert told["extrapolated"] == 2.5
    assert [w["code"] for w in told["warnings"]] == [
        "extrapolated",
        "postgres_table",
        "postgres_memory",
        "valkey_primaries",
    ]


def test_the_keys_of_the_json_stay():
    told = json.loads(run("--phases", "--json").stdout)
    assert list(told) == list(PHASES)
    for name, load in PHASES.items():
        found = told[name]
        assert found["load"]["users"] == load.users
        assert found["price"]["currency"] == "EUR"
        stages = ("ingest", "streams", "projector", "indexer", "webhooks", "notifier", "api")
        for part in stages:
            assert {"count", "for_load", "spare", "load_cores", "memory_gib_each"} <= set(
                found[part]
            )
        assert {"brokers", "partitions", "cores_each", "disk_gib_each"} <= set(found["kafka"])
        assert {"primaries", "standbys", "cores_each", "disk_gib_each"} <= set(found["postgres"])
        assert {"primaries", "replicas", "memory_gib_each"} <= set(found["valkey"])


def test_options_do_what_they_say():
    def plan_with(*more):
        return json.loads(run(*USUAL, "--json", *more).stdout)

    usual = plan_with()
    assert plan_with("--spare", "3")["ingest"]["spare"] == 3
    assert plan_with("--online", "1")["load"]["online"] == 1
    assert plan_with("--webhooks", "0")["webhooks"]["count"] == 2
    assert plan_with("--pushes", "3")["notifier"]["count"] > usual["notifier"]["count"]
    assert plan_with("--online", "1")["api"]["count"] > usual["api"]["count"]
    assert plan_with("--partitions", "24")["kafka"]["partitions"] == 24
    assert plan_with("--growth", "40")["kafka"]["partitions"] > usual["kafka"]["partitions"]
    assert (
        plan_with("--deflated", "1")["network_mib_s"]["clients_out"]
        < (usual["network_mib_s"]["clients_out"])
    )
    assert plan_with("--days", "60")["kafka"]["disk_gib_each"] == pytest.approx(
        2 * usual["kafka"]["disk_gib_each"]
    )
    assert plan_with("--connections-per-node", "500")["ingest"]["limited_by"] == "connections"


def test_prices_can_be_printed_changed_and_given_back(tmp_path):
    printed = run("--print-prices").stdout
    assert printed == prices.FILE.read_text()
    path = tmp_path / "mine.yaml"
    path.write_text(printed.replace("currency: EUR", "currency: CHF"))
    told = json.loads(run(*USUAL, "--prices", str(path), "--json").stdout)
    assert told["price"]["currency"] == "CHF"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--users N --rate"),
        (("--users", "10"), "--users N --rate"),
        (("--users", "0", "--rate", "10"), "--users 0"),
        (("--users", "1000", "--rate", "-1"), "--rate -1"),
        (("--users", "1000", "--rate", "nan"), "--rate nan"),
        ((*USUAL, "--online", "1.5"), "--online 1.5"),
        (("--users", "20", "--rate", "1"), "--fanout 10"),
        (("--phases", "--users", "5"), "--phases"),
        ((*USUAL, "--prices", "no/such.yaml"), "no/such.yaml"),
        ((*USUAL, "--measured", "no/such.yaml"), "no/such.yaml"),
        (("--carries", "--utilisation", "7"), "--utilisation 7"),
    ],
)
def test_nonsense_gets_a_plain_answer(arguments, told):
    ended = run(*arguments)
    assert ended.exit_code == 2
    assert told in ended.stderr
    assert "Traceback" not in ended.output
