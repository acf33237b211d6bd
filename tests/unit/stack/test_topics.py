"""The list of topics, and what clusters of different sizes get."""

import pytest

from roomlog import topics
from roomlog.partitions import PARTITIONS


@pytest.fixture(scope="module")
def by_name():
    return {t.name: t for t in topics.load()}


def test_every_topic_is_listed(by_name):
    assert set(by_name) == {
        *(topics.CHAT_EVENTS, topics.CHAT_SIGNALS, topics.CHAT_READS),
        *(topics.USER_EVENTS, topics.CHAT_DLQ),
    }


def test_signals_are_partitioned_as_the_events(by_name):
    assert by_name["chat.events"].partitions == PARTITIONS
    assert by_name["chat.signals"].partitions == PARTITIONS


def test_the_truth_is_kept_for_ever(by_name):
    assert by_name["chat.events"].config["retention.ms"] == "-1"
    assert by_name["chat.events"].config["retention.bytes"] == "-1"


def test_a_wrong_clock_cannot_have_a_batch_refused(by_name):
    kinds = {t.config["message.timestamp.type"] for t in by_name.values()}
    assert kinds == {"LogAppendTime"}


@pytest.mark.parametrize(
    ("brokers", "replicas", "insync"), [(1, 1, "1"), (2, 2, "1"), (3, 3, "2"), (5, 3, "2")]
)
def test_copies_follow_the_size_of_the_cluster(by_name, brokers, replicas, insync):
    topic = by_name["chat.events"]
    assert topic.replicas_on(brokers) == replicas
    assert topic.config_on(brokers)["min.insync.replicas"] == insync


def test_another_number_of_partitions_is_refused(by_name):
    with pytest.raises(topics.TopicError, match="epoch"):
        topics._refuse_other_partition_counts([by_name["chat.events"]], {"chat.events": 12})


def test_an_unreadable_list_says_which(tmp_path):
    with pytest.raises(topics.TopicError, match=r"nothing\.yaml"):
        topics.load(tmp_path / "nothing.yaml")
