"""Criteria with what was measured and their limits, and the verdict that is printed. Pure."""

from collections.abc import Sequence

from msgspec import Struct


class Criterion(Struct, frozen=True):
    """One condition of a scenario. `measured` is None where nothing could be measured: it fails."""

    name: str
    measured: float | None
    limit: float
    most: bool
    """Whether the limit is the most that is allowed, or the least."""
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the limit is kept."""
        if self.measured is None:
            return False
        return self.measured <= self.limit if self.most else self.measured >= self.limit

    def __str__(self) -> str:
        bound = "at most" if self.most else "at least"
        return f"{self.name} {self.shown}, {bound} {_number(self.limit)}{self._unit}"

    @property
    def shown(self) -> str:
        """What was measured, for people."""
        return "not measured" if self.measured is None else _number(self.measured) + self._unit

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""


def at_most(name: str, measured: float | None, limit: float, unit: str = "") -> Criterion:
    """Return a criterion that `measured` must not exceed."""
    return Criterion(name, measured, limit, True, unit)


def at_least(name: str, measured: float | None, limit: float, unit: str = "") -> Criterion:
    """Return a criterion that `measured` must reach."""
    return Criterion(name, measured, limit, False, unit)


class Verdict(Struct, frozen=True):
    """The outcome of a scenario. `problems` are why it could not be carried out as planned; each fails it.

    `notes` are worth knowing and fail nothing.
    """

    scenario: str
    criteria: Sequence[Criterion]
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was as it has to be."""
        return not self.problems and bool(self.criteria) and all(c.met for c in self.criteria)

    def __str__(self) -> str:
        lines = [f"note: {note}" for note in self.notes]
        lines += [f"  FAIL  {problem}" for problem in self.problems]
        lines += [f"  {'ok  ' if c.met else 'FAIL'}  {c}" for c in self.criteria]
        met = sum(c.met for c in self.criteria)
        word = "PASS" if self.passed else "FAIL"
        lines.append(f"{word} {self.scenario}: {met} of {len(self.criteria)} criteria met")
        return "\n".join(lines)


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
