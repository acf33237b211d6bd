import uuid

from roomlog.stack.kafka import new_cluster_id


def test_a_cluster_id_is_never_taken_for_an_option():
    drawn = iter([uuid.UUID(bytes=b"\xf8" + bytes(15)), uuid.UUID(bytes=b"\x08" + bytes(15))])

    assert new_cluster_id(lambda: next(drawn)) == "CAAAAAAAAAAAAAAAAAAAAA"
    assert next(drawn, None) is None
