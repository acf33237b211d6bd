"""The capacity model: never less for more, whole machines, and the limits that processes do not move."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomlog.capacity import measured, servers, stages
from roomlog.capacity.errors import BadPlan
from roomlog.capacity.model import plan
from roomlog.capacity.prices import bill
from roomlog.capacity.prices import load as load_prices
from roomlog.capacity.workload import PHASES, Workload

KNOWN = measured.load()
FIGURES = KNOWN.figures

loads = st.builds(
    Workload,
    users=st.integers(1_000, 100_000_000),
    messages_per_s=st.floats(0.1, 5e6),
    online=st.floats(0.05, 1),
    fanout=st.floats(1, 50),
    text_bytes=st.floats(0, 5_000),
    utilisation=st.floats(0.2, 0.9),
    spare=st.integers(0, 5),
)
more = st.floats(1, 20)


def counts(made):
    """Return what may not shrink when a load grows."""
    return {
        "ingest": made.ingest.count,
        "streams": made.streams.count,
        "projector": made.projector.count,
        "indexer": made.indexer.count,
        "webhooks": made.webhooks.count,
        "notifier": made.notifier.count,
        "api": made.api.count,
        "brokers": made.kafka.brokers,
        "partitions": made.kafka.partitions,
        "postgres": made.postgres.primaries,
        "postgres cores": made.postgres.load_cores,
        "valkey": made.valkey.primaries,
        "log": made.storage_gib_day.log,
        "rows": made.storage_gib_day.read_models,
        "out": made.network_mib_s.clients_out,
        "inside": made.network_mib_s.inside,
        "extrapolated": made.extrapolated,
    }


def assert_no_less(small, large):
    before, after = counts(plan(small, KNOWN)), counts(plan(large, KNOWN))
    shrunk = {k: (before[k], after[k]) for k in before if after[k] < before[k] * (1 - 1e-9)}
    assert not shrunk


@given(loads, more)
def test_more_users_never_need_less(load, factor):
    assert_no_less(load, msgspec.structs.replace(load, users=int(load.users * factor)))


@given(loads, more)
def test_more_messages_never_need_less(load, factor):
    rate = load.messages_per_s * factor
    assert_no_less(load, msgspec.structs.replace(load, messages_per_s=rate))


@given(loads, st.floats(0, 1))
def test_more_followers_never_need_less(load, share):
    most = max(load.fanout, min(load.connections, 1_000))
    wider = load.fanout + share * (most - load.fanout)
    assert_no_less(load, msgspec.structs.replace(load, fanout=wider))


@given(loads, st.floats(0, 10_000))
def test_longer_texts_never_need_less(load, longer):
    text = load.text_bytes + longer
    assert_no_less(load, msgspec.structs.replace(load, text_bytes=text))


@given(loads, st.integers(0, 20))
def test_what_is_left_when_the_spare_ones_are_away_carries_the_peak(load, spare):
    load = msgspec.structs.replace(load, spare=spare)
    made = plan(load, KNOWN)
    behind = (made.indexer, made.webhooks, made.notifier)
    for group in (made.ingest, made.streams, made.projector, *behind, made.api):
        assert group.count == group.for_load + spare
        assert group.load_cores <= group.for_load * load.utilisation * (1 + 1e-9)
    assert made.ingest.connections_each <= FIGURES["connections_per_node"]
    assert made.kafka.brokers >= max(made.kafka.for_load + spare, servers.REPLICATION)


@given(loads)
def test_one_node_fewer_would_not_do(load):
    needed = plan(load, KNOWN).ingest.for_load
    if needed > 1:
        fewer = needed - 1
        cores = stages.ingest_cores(load, FIGURES, fewer + load.spare)
        connections = load.connections / fewer
        assert cores > fewer * load.utilisation or connections > FIGURES["connections_per_node"]


@given(loads)
def test_every_consumer_has_four_partitions_or_more(load):
    made = plan(load, KNOWN)
    consumers = (made.streams, made.projector, made.indexer)
    assert made.kafka.partitions >= 4 * max(group.count for group in consumers)
    assert made.kafka.partitions >= servers.FEWEST_PARTITIONS


@given(st.floats(1, 1e6), st.floats(1, 1e6))
def test_a_message_goes_to_no_more_nodes_than_there_are_followers_or_nodes(nodes, fanout):
    touched = stages.nodes_touched(nodes, fanout)
    assert 1 - 1e-9 <= touched <= min(nodes, fanout) * (1 + 1e-6)


def test_the_bench_rows_come_out_as_they_were_measured_or_dearer():
    """`across` (one command, two followers on two nodes) and `streams` (half handed out)."""
    two_apart = FIGURES["ingest_command_us"] + 2 * stages.copy_us(FIGURES)
    assert two_apart >= FIGURES["ingest_across_us"] * (1 - 1e-9)
    one = Workload(1_000, 1_000, utilisation=0.5)
    assert stages.streams(one, FIGURES, 0.5).load_cores == pytest.approx(
        1_000 * FIGURES["streams_us"] / 1e6
    )


def test_units():
    load = Workload(10_000, 1_000, peak_to_mean=2, text_bytes=FIGURES["text_bytes"])
    made = plan(load, KNOWN)
    assert load.messages_per_day == 500 * 86_400
    stored = FIGURES["row_bytes"] + FIGURES["search_bytes"]
    rows = load.messages_per_day * stored / 2**30
    assert made.storage_gib_day.read_models == pytest.approx(rows)
    assert made.storage_gib_day.log_replicated == pytest.approx(3 * made.storage_gib_day.log)
    written = 1_000 * made.kafka.event_bytes / 2**20
    assert made.network_mib_s.kafka_in == pytest.approx(written)
    assert made.network_mib_s.kafka_replication == pytest.approx(2 * written)
    assert made.valkey.keys == load.messages_per_day


def test_small_batches_cost_more_than_full_ones():
    load = PHASES["1m"]
    few, many = (servers.kafka(load, FIGURES, 10, count) for count in (24, 1_536))
    assert many.batch_events < few.batch_events
    assert many.load_cores > few.load_cores
    assert many.event_bytes > few.event_bytes


def test_a_small_load_has_three_copies_and_one_of_each_to_spare():
    made = plan(Workload(100, 1), KNOWN)
    assert (made.kafka.brokers, made.kafka.replication, made.kafka.min_insync) == (3, 3, 2)
    of_each = (made.ingest, made.streams, made.projector, made.indexer, made.webhooks)
    assert [g.count for g in (*of_each, made.notifier, made.api)] == [2] * 7
    assert (made.postgres.primaries, made.postgres.standbys) == (1, 1)
    assert made.extrapolated == 1
    assert {w.code for w in made.warnings} <= {"provisional"}


def codes(load):
    return {w.code: w for w in plan(load, KNOWN).warnings}


def test_it_says_where_the_measured_and_the_built_end():
    found = codes(PHASES["10m"])
    for code in ("postgres_primaries", "postgres_table", "valkey_primaries"):
        assert found[code].not_built
    assert "from one machine of" in found["extrapolated"].text
    factor = 1_000_000 / FIGURES["acked_per_s"]
    assert f"x{factor:,.3g} " in found["extrapolated"].text


def test_one_log_with_too_few_partitions_is_told():
    load = msgspec.structs.replace(PHASES["1m"], partitions=24)
    assert plan(load, KNOWN).kafka.partitions == 24
    assert "new epoch" in codes(load)["partitions_too_few"].text
    few = plan(msgspec.structs.replace(PHASES["250k"]), KNOWN).streams.count + 1
    uneven = msgspec.structs.replace(PHASES["250k"], partitions=few)
    assert "partitions_uneven" in codes(uneven)


def test_a_hot_room_does_not_get_faster_by_more_workers():
    rooms = {r.followers: r for r in plan(PHASES["10m"], KNOWN).hot_rooms}
    rates = [rooms[f].messages_per_s for f in sorted(rooms)]
    assert rates == sorted(rates, reverse=True)
    most = 0.5e6 / (FIGURES["streams_us"] / 1.5 * 2)
    assert all(rate <= most for rate in rates)


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"users": 0}, "--users"),
        ({"users": -5}, "--users"),
        ({"messages_per_s": -1.0}, "--rate"),
        ({"messages_per_s": 0.0}, "--rate"),
        ({"messages_per_s": float("nan")}, "--rate"),
        ({"messages_per_s": float("inf")}, "--rate"),
        ({"online": 1.5}, "--online"),
        ({"fanout": 0.5}, "--fanout"),
        ({"fanout": 5_000.0}, "--fanout"),
        ({"utilisation": 1.0}, "--utilisation"),
        ({"spare": -1}, "--spare"),
        ({"partitions": -24}, "--partitions"),
    ],
)
def test_a_load_that_makes_no_sense_is_refused(wrong, option):
    with pytest.raises(BadPlan, match=option):
        plan(msgspec.structs.replace(PHASES["10k"], **wrong), KNOWN)


def test_a_bill_is_the_sum_of_its_lines():
    found = bill(plan(PHASES["250k"], KNOWN), load_prices())
    assert found.per_month == pytest.approx(sum(line.per_month for line in found.lines))
    free = msgspec.structs.replace(load_prices(), core_hour=0.0, memory_gib_hour=0.0)
    cheap = {line.what: line.per_month for line in bill(plan(PHASES["250k"], KNOWN), free).lines}
    assert cheap["ingest nodes"] == 0
    assert cheap["Kafka's disks"] > 0
