"""A person's notifications, each handed on once."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

_REMEMBERED = 1_000


class Notices:
    """Which notifications came already: nodes send each at least once."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def is_new(self, notice: Mapping[str, Any]) -> bool:
        """Whether to hand it on; one about a moved read marker always is, for it only goes forward."""
        if "event" not in notice:
            return True
        name = (notice["kind"], notice["event"])
        if name in self._seen:
            return False
        self._seen[name] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True
