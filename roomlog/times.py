"""Times: as the log has them (microseconds since 1970), as Python and as people write them. Pure."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class BadTime(ValueError):
    """A time that is none; the message says how to write one."""


def micros(time: datetime) -> int:
    """Return a time with a zone as microseconds since 1970, exactly."""
    return (time - _EPOCH) // _MICROSECOND


def time_of(at: int) -> datetime:
    """Return microseconds since 1970 as a time in UTC; raises OverflowError beyond the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=at)


def parse_time(text: str) -> int:
    """Read an ISO 8601 date or time (UTC where it names no zone) as microseconds since 1970.

    Raises BadTime.
    """
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        told = f"{text!r} is no time: write 2026-01-02 or 2026-01-02T03:04:05Z"
        raise BadTime(told) from None
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return micros(aware)


def tell_time(at_ms: int) -> str:
    """Return a time (milliseconds since 1970) in UTC, to the second."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
