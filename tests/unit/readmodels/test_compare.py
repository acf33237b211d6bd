from roomlog.readmodels.compare import WITNESSES, Differences, compare
from roomlog.readmodels.tables import APPLIED, MEMBERS, TABLES

ALICE, BOB, EVE = (("room", name) for name in ("alice", "bob", "eve"))
SHOULD = {ALICE: ("owner", 1, 10), BOB: ("member", 2, 20)}


def found(should, there, table=MEMBERS):
    return [(d.kind, d.key, d.columns) for d in compare(table, should, there)]


def test_equal_rows_are_no_difference_in_whatever_order():
    assert not found(SHOULD, dict(reversed(SHOULD.items())))


def test_what_is_missing_too_much_or_different_is_told_with_both_values():
    there = {ALICE: ("member", 1, 11), EVE: ("member", 3, 30)}
    assert found(SHOULD, there) == [
        (
            "different",
            {"room_id": "room", "user_id": "alice"},
            {"role": ("owner", "member"), "joined_at": (10, 11)},
        ),
        ("missing", {"room_id": "room", "user_id": "bob"}, {}),
        ("extra", {"room_id": "room", "user_id": "eve"}, {}),
    ]


def test_a_table_of_keys_alone_can_differ_too():
    assert [d[0] for d in found({("a",): ()}, {("b",): ()}, APPLIED)] == ["missing", "extra"]


def test_all_are_counted_and_the_first_of_each_table_shown():
    differences = Differences()
    differences.add(compare(MEMBERS, {("r", str(n)): ("member", n, n) for n in range(50)}, {}))
    differences.add(compare(APPLIED, {}, {("e",): ()}))
    assert differences.total == 51
    assert differences.counts == {"members": {"missing": 50}, "applied_events": {"extra": 1}}
    assert [d.table for d in differences.witnesses] == ["members"] * WITNESSES + ["applied_events"]
    lines = differences.lines()
    assert lines[0] == "members: 50 missing"
    assert lines[-1] == "  applied_events, event_id e: extra"
    assert differences.as_json()["total"] == 51


def test_a_long_value_is_cut_where_people_read():
    (one,) = compare(MEMBERS, {ALICE: ("x" * 10_000, 0, 0)}, {ALICE: ("y", 0, 0)})
    assert len(str(one)) < 300


def test_keys_and_columns_are_apart_in_every_table():
    for table in TABLES:
        assert not set(table.key) & set(table.columns)
        row = tuple(range(len(table.values)))
        key, rest = table.split(row)
        assert (len(key), key + rest) == (len(table.key), row)
