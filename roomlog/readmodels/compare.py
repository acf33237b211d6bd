"""Rows as they should be against rows as they are. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct, field, to_builtins

from roomlog.readmodels.tables import Key, Row, Table

WITNESSES = 5
"""So many differences of each table are shown; all are counted."""
_SHOWN = 120

Kind = Literal["missing", "extra", "different"]


class Difference(Struct, frozen=True):
    """One row that is not as it should be: it is missing, one too many, or differs in some columns.

    `columns` has what should be and what is there, by column.
    """

    table: str
    kind: Kind
    key: dict[str, Any]
    columns: dict[str, tuple[Any, Any]]

    def __str__(self) -> str:
        where = ", ".join(f"{name} {value}" for name, value in self.key.items())
        pairs = (
            f"{name} should be {_short(should)}, is {_short(found)}"
            for name, (should, found) in self.columns.items()
        )
        return f"{self.table}, {where}: {'; '.join(pairs) or self.kind}"


class Differences(Struct):
    """How many rows differ, by table and kind, and the first of each table."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    witnesses: list[Difference] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many rows differ."""
        return sum(sum(kinds.values()) for kinds in self.counts.values())

    def add(self, found: Iterable[Difference]) -> None:
        """Count differences."""
        for one in found:
            kinds = self.counts.setdefault(one.table, {})
            if sum(kinds.values()) < WITNESSES:
                self.witnesses.append(one)
            kinds[one.kind] = kinds.get(one.kind, 0) + 1

    def lines(self) -> list[str]:
        """Return what was found for people: a line for each table, its witnesses below."""
        lines = []
        for table, kinds in self.counts.items():
            told = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
            lines.append(f"{table}: {told}")
            lines += [f"  {one}" for one in self.witnesses if one.table == table]
        return lines

    def as_json(self) -> dict[str, Any]:
        """Return what was found for programs."""
        found: dict[str, Any] = to_builtins(self)
        return {"total": self.total, **found}


def compare(
    table: Table, should: Mapping[Key, Row], found: Mapping[Key, Row]
) -> Iterable[Difference]:
    """Yield where two sets of rows of a table differ."""
    for key, row in should.items():
        there = found.get(key)
        if there is None:
            yield _difference(table, "missing", key, {})
        elif there != row:
            pairs = zip(table.columns, row, there, strict=True)
            columns = {name: (ours, theirs) for name, ours, theirs in pairs if ours != theirs}
            yield _difference(table, "different", key, columns)
    for key in found:
        if key not in should:
            yield _difference(table, "extra", key, {})


def _difference(
    table: Table, kind: Kind, key: Key, columns: dict[str, tuple[Any, Any]]
) -> Difference:
    return Difference(table.name, kind, dict(zip(table.key, key, strict=True)), columns)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
