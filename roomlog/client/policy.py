"""Rules of reconnecting: which close codes end a client, and how long to wait."""

import random

from roomlog.errors import CloseCode

STOP = frozenset(
    {
        CloseCode.TOO_BIG,
        CloseCode.SESSION_REVOKED,
        CloseCode.BAD_FRAME,
        CloseCode.FORBIDDEN,
        CloseCode.NO_SUBPROTOCOL,
    }
)
"""Close codes after which another connection would end in the same way."""

_BACKOFF_S, _BACKOFF_MAX_S = 0.1, 5.0


def backoff_s(failures: int) -> float:
    """Return a random number of seconds to wait, up to twice as long with each failure in a row."""
    longest: float = min(_BACKOFF_S * 2 ** min(failures, 10), _BACKOFF_MAX_S)
    return random.uniform(0, longest)  # noqa: S311  # jitter is no secret
