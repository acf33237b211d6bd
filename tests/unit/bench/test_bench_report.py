import io

import pytest
from rich.console import Console

from bench import report
from bench.goals import BASELINES, GOALS, SERIES, TITLES
from bench.rows import FOR_THE_PLAN, GROUPS, ROWS, chosen

DOCUMENT = report.DOCS.read_text()


@pytest.fixture
def results():
    """Results in which every row has every figure that is printed."""
    found = {row: {"stages": {"ingest": 7.0, "kafka": 4.0}} for row in ROWS}
    for goal in GOALS:
        found[goal.row][goal.figure] = 10.0
    for b in BASELINES:
        for row, name in ((b.row, b.figure), (b.product_row, b.product_figure)):
            if "." not in name:
                found[row][name] = 10.0
    for series in SERIES:
        found[series.row][series.figure] = {"10": 2.0, "1000": 3.0}
    return found


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_described_and_titled(row):
    told = DOCUMENT.partition(report.BEGIN)[0]

    assert f"`{row}`" in told
    assert row in TITLES


def test_nothing_is_said_of_rows_that_do_not_exist():
    named = {g.row for g in GOALS} | {b.row for b in BASELINES} | {s.row for s in SERIES}

    assert named | TITLES.keys() <= ROWS.keys()


def test_every_row_has_a_figure_that_is_printed():
    printed = {g.row for g in GOALS} | {b.row for b in BASELINES}

    assert printed == ROWS.keys() - set(FOR_THE_PLAN)


def test_all_results_are_in_both_tables(results):
    written = report.markdown(results)
    out = io.StringIO()
    console = Console(file=out, width=300)
    for table in report.tables(results, results):
        console.print(table)

    for row in ROWS.keys() - set(FOR_THE_PLAN):
        assert f"`{row}`" in written
        assert TITLES[row] in out.getvalue()
    assert "10: 2   1,000: 3" in out.getvalue()
    assert "10: 2, 1,000: 3" in written


def test_figures_that_older_results_lack_are_left_out():
    older = {"growth-members": {"cpu_us": 3.0}, "sustained": {"per_s": 6_000}}

    assert [line.goal.figure for line in report.lines(older, {})] == ["per_s"]
    assert report.grown(older) == []


def test_results_are_written_between_the_markers_again_and_again(results):
    once = report.write_into(DOCUMENT, results)

    assert report.write_into(once, results) == once
    assert once.partition(report.BEGIN)[0] == DOCUMENT.partition(report.BEGIN)[0]


def test_a_document_without_markers_is_left_alone():
    with pytest.raises(ValueError, match="no place for results"):
        report.write_into("# Benchmarks\n", {})


def test_a_baseline_is_compared_only_where_both_sides_were_measured(results):
    del results["fanout-one"], results["fanout-many"]

    rows = {b.row for b, _, _ in report.compared(results)}

    assert rows == {"base-faust", "base-send", "projector"}


def test_more_events_and_fewer_microseconds_are_better():
    by_row = {b.row: b for b in BASELINES}

    assert by_row["base-faust"].times_better(5_000, 50_000) == 10
    assert by_row["base-send"].times_better(12, 2) == 6


def test_groups_stand_for_their_rows_each_once():
    assert chosen(["baselines", "streams"]) == GROUPS["baselines"]
    with pytest.raises(KeyError):
        chosen(["streams", "stream"])
