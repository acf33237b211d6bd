"""Which nodes are dead: a lease that stays away while Valkey answers. Pure, fed with `now` in seconds."""

GONE_FOR_S = 1.0
"""How much longer than its lease a node is waited for."""

FORGIVEN_S = 5.0
"""After an outage of Valkey nodes get this long to put their leases back."""


class Sweep:
    """Remembers since when each node's lease is missing."""

    def __init__(self) -> None:
        self._missing_since: dict[str, float] = {}
        self._not_before = 0.0

    def unreachable(self, now: float) -> None:
        """Note that Valkey did not answer: nobody's lease can be judged for a while."""
        self._missing_since.clear()
        self._not_before = now + FORGIVEN_S

    def dead(self, missing: set[str], now: float) -> set[str]:
        """Return the nodes to remove, given those that have no lease at this moment."""
        if now < self._not_before:
            return set()
        self._missing_since = {n: self._missing_since.get(n, now) for n in missing}
        return {n for n, since in self._missing_since.items() if now - since > GONE_FOR_S}
