"""Reads of the API, and what went on while something was broken."""

import pytest

from roomlog.check.history import Fault, Healed, Ok, Read, Rebuilt
from roomlog.check.meanwhile import BACK_S, Goings
from roomlog.check.verdict import Figures, Verdict, exceeded, render
from tests.unit.check.check_synthetic import MS
from tests.unit.check.test_check_parts import SECOND, received

OUT, BACK = 10 * SECOND, 70 * SECOND
STOPPED = Fault(OUT, "stop-postgres", ["postgres"])


def read(at: int, status: int = 200, code: str = "", retry_after: str = "", ms: int = 3) -> Read:
    return Read(at, "/rooms", status, ms, code, retry_after)


def wait(at: int, ms: int = 3) -> Read:
    return read(at, 503, "unavailable", "1", ms)


def figures(*records: object) -> Figures:
    verdict = Verdict()
    goings = Goings(verdict)
    for record in records:
        goings.take(record)  # type: ignore[arg-type]
    goings.judge()
    return verdict.figures


def test_every_read_is_answered_while_nothing_is_broken() -> None:
    found = figures(read(SECOND), read(2 * SECOND, 403, "not_a_member"))
    assert (found.reads, found.reads_failed, exceeded(found)) == (2, 0, [])


@pytest.mark.parametrize(
    "answer",
    [
        wait(SECOND),
        read(SECOND, 500, "internal"),
        read(SECOND, 0, "ReadTimeout()"),
        read(SECOND, 404, "no_such_room"),
        read(SECOND, 504, "behind"),
    ],
)
@pytest.mark.parametrize("fault", [None, "rebuild", "kill-kafka"])
def test_anything_else_is_a_failed_read(answer: Read, fault: str | None) -> None:
    found = figures(*([Fault(MS, fault, ["x"])] if fault else []), answer)
    assert (found.reads_failed, found.reads_refused) == (1, answer == wait(SECOND))
    assert exceeded(found)[0].startswith("1 reads failed, first /rooms: ")


def test_without_postgres_reads_are_told_when_to_come_again() -> None:
    later = BACK + BACK_S * SECOND
    found = figures(
        STOPPED,
        Ok(OUT + 1, 1),
        received(OUT + 2),
        wait(OUT + 3),
        read(OUT + 4),
        Healed(BACK),
        wait(BACK + SECOND),
        wait(later + SECOND, ms=2_000),
        Ok(later, 2),
    )
    assert found.reads_failed == 0
    during = found.meanwhile["stop-postgres"]
    assert (during.acked, during.delivered, during.read, during.told_to_wait) == (1, 1, 1, 1)
    assert exceeded(found) == []
    assert "1 operations acked, 1 frames delivered, 1 reads answered, 1 told to wait" in render(
        Verdict(figures=found)
    )


@pytest.mark.parametrize(
    "answer",
    [
        read(OUT + SECOND, 500, "internal"),
        read(OUT + SECOND, 503, "unavailable"),
        read(OUT + SECOND, 0, "ConnectError()"),
        wait(BACK + (BACK_S + 1) * SECOND),
    ],
)
def test_being_away_excuses_nothing_else_and_not_for_long(answer: Read) -> None:
    records = [STOPPED, answer] if answer.at < BACK else [STOPPED, Healed(BACK), answer]
    assert figures(*records).reads_failed == 1


def test_a_standstill_is_told() -> None:
    found = figures(STOPPED, read(OUT + 1), Healed(BACK))
    assert exceeded(found) == [
        f"stop-postgres: nothing was {what} meanwhile"
        for what in ("acked", "delivered", "told to wait")
    ]


def test_a_rebuild_tells_what_it_compared_and_reads_their_slowest() -> None:
    reads = [read(SECOND + n, ms=n) for n in range(1, 201)]
    found = figures(Rebuilt(1, 500, 0, 30), Rebuilt(2, 700, 0, 20), *reads)
    assert (found.rows_compared, found.rows_different, found.rebuild_blocked_ms) == (1_200, 0, 30)
    assert found.read_p99_ms == 198
