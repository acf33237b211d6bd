"""Brokers: what each is told, and how many a data directory asks for."""

import uuid

import pytest

from roomlog.stack import kafka
from roomlog.stack.errors import StackError
from roomlog.stack.kafka import Broker, Cluster, new_cluster_id
from roomlog.stack.layout import Layout

THREE = Cluster(
    "c",
    tuple(
        Broker(n, 9092 + 2 * i, 9093 + 2 * i) for i, n in enumerate(("kafka", "kafka-2", "kafka-3"))
    ),
)


def settings(tmp_path, broker, cluster):
    text = kafka.properties(tmp_path / broker.name, broker, cluster)
    return dict(line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path)


def write(layout, cluster):
    """Leave what a start leaves."""
    for broker in cluster.brokers:
        log = layout.of(broker.name) / "log"
        log.mkdir(parents=True)
        (log / "meta.properties").write_text(f"node.id={broker.node_id}\ncluster.id={cluster.id}\n")
        text = kafka.properties(log.parent, broker, cluster)
        (log.parent / "server.properties").write_text(text)


def test_a_cluster_id_is_never_taken_for_an_option():
    drawn = iter([uuid.UUID(bytes=b"\xf8" + bytes(15)), uuid.UUID(bytes=b"\x08" + bytes(15))])

    assert new_cluster_id(lambda: next(drawn)) == "CAAAAAAAAAAAAAAAAAAAAA"
    assert next(drawn, None) is None


def test_one_broker_is_its_own_controller_and_keeps_one_copy(tmp_path):
    one = Cluster("c", (Broker("kafka", 9092, 9093),))
    found = settings(tmp_path, one.brokers[0], one)
    assert found["process.roles"] == "broker,controller"
    assert found["controller.quorum.voters"] == "1@127.0.0.1:9093"
    assert found["offsets.topic.replication.factor"] == found["min.insync.replicas"] == "1"
    assert found["auto.create.topics.enable"] == "false"
    assert found["log.dirs"] == str(tmp_path / "kafka" / "log")


def test_three_brokers_elect_a_controller_and_keep_three_copies_two_of_them_in_sync(tmp_path):
    found = settings(tmp_path, THREE.brokers[1], THREE)
    assert found["node.id"] == "2"
    assert found["controller.quorum.voters"] == (
        "1@127.0.0.1:9093,2@127.0.0.1:9095,3@127.0.0.1:9097"
    )
    assert found["offsets.topic.replication.factor"] == "3"
    assert found["transaction.state.log.min.isr"] == found["min.insync.replicas"] == "2"
    assert THREE.bootstrap == "127.0.0.1:9092,127.0.0.1:9094,127.0.0.1:9096"


def test_a_broker_that_came_later_has_no_controller(tmp_path):
    four = Cluster("c", (*THREE.brokers, Broker("kafka-4", 9098)))
    found = settings(tmp_path, four.brokers[3], four)
    assert found["process.roles"] == "broker"
    assert found["listeners"] == "PLAINTEXT://127.0.0.1:9098"
    assert found["controller.quorum.voters"].count("@") == 3
    assert four.copies == 3


@pytest.mark.parametrize(("brokers", "controllers"), [(1, 1), (2, 1), (3, 3), (9, 3)])
def test_controllers_of_new_data(brokers, controllers):
    assert kafka.controllers_among(brokers) == controllers


def test_new_data_take_as_many_brokers_as_asked_for(layout):
    assert kafka.brokers_for(layout, 0) == 1
    assert kafka.brokers_for(layout, 3) == 3
    assert kafka.present_controllers(layout) == 0


def test_a_second_start_has_the_brokers_of_the_first_and_their_id(layout):
    write(layout, THREE)
    assert kafka.brokers_for(layout, 0) == 3
    assert kafka.brokers_for(layout, 3) == 3
    assert kafka.present_controllers(layout) == 3
    assert kafka.cluster_id(layout) == "c"


def test_a_second_start_with_another_number_is_refused_with_advice(layout):
    write(layout, THREE)
    with pytest.raises(StackError, match="roomlog scale kafka=1"):
        kafka.brokers_for(layout, 1)


def test_a_first_start_that_broke_off_goes_on_with_all_its_brokers(layout):
    write(layout, THREE)
    (layout.of("kafka") / "log" / "meta.properties").unlink()
    (layout.of("kafka-3") / "log" / "meta.properties").unlink()
    assert kafka.brokers_for(layout, 0) == 3


def test_damaged_files_are_named(layout):
    write(layout, THREE)
    (layout.of("kafka") / "log" / "meta.properties").write_text("")
    with pytest.raises(StackError, match=r"meta\.properties is damaged"):
        kafka.cluster_id(layout)
