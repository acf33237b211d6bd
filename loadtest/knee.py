"""Where a system that gets more and more load stops keeping up. Pure."""

from collections.abc import Sequence

from msgspec import Struct

BROKEN_IN_A_ROW = 2
"""One slow step may be an accident of the machine; so many in a row are not."""


class Step(Struct, frozen=True):
    """A stretch of steady load: users, deliveries a second that came, and their latency.

    `p99_ms` is None where nothing came at all. `generator_percent` is the processor time of the busiest
    process of the load generator, of one core.
    """

    users: int
    per_s: float
    p99_ms: float | None
    generator_percent: float = 0.0

    def is_broken(self, limit_ms: float) -> bool:
        """Whether the latency is beyond the limit."""
        return self.p99_ms is None or self.p99_ms > limit_ms

    def __str__(self) -> str:
        p99 = "nothing came" if self.p99_ms is None else f"p99 {self.p99_ms:,.0f} ms"
        return (
            f"{self.users:,} users: {self.per_s:,.0f} deliveries/s, {p99}, "
            f"load generator at {self.generator_percent:.0f} % of a core"
        )


def is_over(steps: Sequence[Step], limit_ms: float) -> bool:
    """Whether the latency has broken for good."""
    last = steps[-BROKEN_IN_A_ROW:]
    return len(last) == BROKEN_IN_A_ROW and all(step.is_broken(limit_ms) for step in last)


def knee(steps: Sequence[Step], limit_ms: float) -> Step | None:
    """Return the last step before the latency broke for good, None where it never was good.

    Where it did not break, that is the last step.
    """
    good = [step for step in steps if not step.is_broken(limit_ms)]
    return good[-1] if good else None
