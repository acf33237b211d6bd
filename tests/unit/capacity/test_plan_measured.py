"""The figures' file: read, refreshed from results of the bench, and written as it is."""

import msgspec
import pytest

from bench.rows import ROWS
from roomlog.capacity import measured, prices
from roomlog.capacity.errors import BadPlan

KNOWN = measured.load()
MACHINE = measured.Machine(2, "a test")


def results(row, **changed):
    """Return results of the bench that have one row: its figures as they are known, some changed."""
    found = {}
    for name, figure in KNOWN.each().items():
        first, *steps = figure.source.split(".")
        if first == row:
            inner = found
            for step in steps[:-1]:
                inner = inner.setdefault(step, {})
            inner[steps[-1]] = changed.get(name, figure.value)
    return {row: found}


def test_the_file_is_what_would_be_written():
    assert measured.as_yaml(KNOWN) == measured.FILE.read_text()


def test_every_source_is_a_row_of_the_bench_or_assumed():
    for name, figure in KNOWN.each().items():
        assert figure.source == measured.ASSUMED or figure.source.split(".")[0] in ROWS, name
        assert figure.means


def test_results_replace_their_figures_and_no_others():
    new = measured.refreshed(KNOWN, results("across", kafka_lone_us=77.5), MACHINE)
    changed = {n for n, f in new.each().items() if f.value != KNOWN.each()[n].value}
    assert changed == {"kafka_lone_us"}
    assert (new.figures.kafka_lone_us.value, new.figures.kafka_lone_us.provisional) == (77.5, False)
    assert new.figures.streams_us == KNOWN.figures.streams_us
    assert new.machine == MACHINE


def test_what_was_too_little_to_see_is_not_free():
    new = measured.refreshed(KNOWN, results("across", valkey_lone_us=0), MACHINE)
    assert new.figures["valkey_lone_us"] > 0


@pytest.mark.parametrize("found", [{"across": {}}, {"across": {"stages": {"kafka": "many"}}}])
def test_results_without_the_figure_are_refused(found):
    with pytest.raises(BadPlan, match=r"across\.stages"):
        measured.refreshed(KNOWN, found, MACHINE)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("value: 14\n", "value: 0\n", "above 0"),
        ("value: 14\n", "value: .inf\n", "above 0"),
        ("value: 14\n", "value: fast\n", "float"),
        ("  ingest_command_us:", "  ingest_comand_us:", "ingest_comand_us"),
        ("machine:", "machine: [", "cannot read"),
    ],
)
def test_figures_that_make_no_sense_are_refused(tmp_path, old, new, told):
    text = SAMPLE.replace(old, new, 1)
    assert text != SAMPLE
    (tmp_path / "figures.yaml").write_text(text)
    with pytest.raises(BadPlan, match=told):
        measured.load(tmp_path / "figures.yaml")


def fixed():
    """Return the figures with one whose value is known to this test."""
    one = msgspec.structs.replace(KNOWN.figures.ingest_command_us, value=14)
    figures = msgspec.structs.replace(KNOWN.figures, ingest_command_us=one)
    return msgspec.structs.replace(KNOWN, figures=figures)


SAMPLE = measured.as_yaml(fixed())


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("core_hour: 0.04", "core_hour: -1", "core_hour"),
        ("core_hour: 0.04", "core_hour: .nan", "core_hour"),
        ("core_hour: 0.04", "core_hour: cheap", "core_hour"),
        ("core_hour: 0.04", "cor_hour: 0.04", "cor_hour"),
        ("currency: EUR\n", "", "currency"),
        ("currency: EUR", "currency: {", "print-prices"),
    ],
)
def test_prices_that_make_no_sense_are_refused(tmp_path, old, new, told):
    text = prices.FILE.read_text().replace(old, new, 1)
    (tmp_path / "prices.yaml").write_text(text)
    with pytest.raises(BadPlan, match=told):
        prices.load(tmp_path / "prices.yaml")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadPlan, match=r"none\.yaml"):
        prices.load(tmp_path / "none.yaml")
    with pytest.raises(BadPlan, match=r"none\.yaml"):
        measured.load(tmp_path / "none.yaml")
