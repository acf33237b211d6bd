"""Finding the records that PostgreSQL refuses, without PostgreSQL."""

import pytest

from projector.decode import by_place, write_halves
from projector.pacing import MORE_TRIES, retry_pause_s
from projector.session import Inapplicable
from roomlog.topics import CHAT_EVENTS
from tests.projector_records import Record


class Table:
    """Takes records, but those in `bad` only after so many tries that have them alone or among others."""

    def __init__(self, **bad):
        self.bad = {int(offset.lstrip("o")): tries for offset, tries in bad.items()}
        self.rows, self.refused, self.tries = [], {}, 0

    async def write(self, records, refused):
        self.tries += 1
        for record in records:
            if self.bad.get(record.offset, 0) > 0 and not refused:
                self.bad[record.offset] -= 1
                raise Inapplicable(f"no {record.offset}")
        self.rows += [r.offset for r in records if not refused]
        self.refused |= {place[2]: reason for place, reason in (refused or {}).items()}


def records(count):
    return [Record(CHAT_EVENTS, 0, offset, b"x") for offset in range(count)]


@pytest.mark.parametrize("bad", [[0], [7], [3, 4], [0, 5, 15], list(range(16))])
async def test_exactly_those_that_are_refused_are_found_and_the_rest_is_written_in_order(bad):
    table = Table(**{f"o{offset}": 1_000 for offset in bad})
    await write_halves(records(16), table.write, "no")
    assert table.rows == [offset for offset in range(16) if offset not in bad]
    assert table.refused == {offset: f"no {offset}" for offset in bad}


async def test_one_that_is_taken_after_all_is_not_refused():
    table = Table(o0=MORE_TRIES - 1)
    await write_halves(records(1), table.write, "no")
    assert (table.rows, table.refused) == ([0], {})


async def test_the_tries_have_an_end():
    table = Table(o0=1_000)
    await write_halves(records(1), table.write, "no")
    assert table.tries == MORE_TRIES + 1


def test_pauses_grow_to_a_limit():
    pauses = [retry_pause_s(attempt) for attempt in range(1_000)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 0.05
    assert pauses[-1] == 2.0


def test_records_by_place_keep_their_order():
    mixed = [Record(CHAT_EVENTS, n % 2, n, b"") for n in range(6)]
    assert [[r.offset for r in some] for some in by_place(mixed).values()] == [[0, 2, 4], [1, 3, 5]]
