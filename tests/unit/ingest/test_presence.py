from ingest.presence import after, change
from roomlog.deliveries import PresenceDiff
from roomlog.signals import PresenceChanged


def test_only_what_changed_is_told():
    assert change("r", {"a": "online"}, {"a": 2}) is None
    assert change("r", {"a": "online"}, {"b": 1}) == PresenceChanged("r", ("b",), ("a",))


def test_a_change_is_applied():
    diff = PresenceDiff("r", joined=["c"], left=["a"], away=["b"])
    assert after({"a": "online", "b": "online"}, diff) == {"b": "away", "c": "online"}
