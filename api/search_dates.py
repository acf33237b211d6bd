"""Times as people write them in a search: a year, a month, a day, a moment; today and yesterday. Pure; in UTC."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from api.search_query import BadQuery

_DATE = re.compile(r"(\d{4})(?:-(\d\d?))?(?:-(\d\d?))?")
BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)


class Span(NamedTuple):
    """From `start` until before `end`."""

    start: datetime = BEGINNING
    end: datetime = END

    def and_also(self, other: "Span") -> "Span":
        """Return what is in both."""
        return Span(max(self.start, other.start), min(self.end, other.end))


def span(name: str, text: str, now: datetime) -> Span:
    """Return the time that a filter such as `since` leaves; raises BadQuery for what is not a time.

    A day counts as a whole: it is in `since` and `until`, and neither in `before` nor in `after`.
    """
    named = _named(name, text.strip(), now)
    match name:
        case "since":
            return Span(start=named.start)
        case "after":
            return Span(start=named.end)
        case "until":
            return Span(end=named.end)
        case "before":
            return Span(end=named.start)
    return named


def _named(name: str, text: str, now: datetime) -> Span:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    match text.lower():
        case "today":
            return Span(today, today + timedelta(days=1))
        case "yesterday":
            return Span(today - timedelta(days=1), today)
    try:
        if match := _DATE.fullmatch(text):
            return _calendar(*(int(part) if part else None for part in match.groups()))
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return Span(moment.astimezone(UTC), moment.astimezone(UTC))
    except (ValueError, OverflowError):
        told = f"{name}: {text[:40]!r} is no time; write 2026-01-31, 2026-01, today or yesterday"
        raise BadQuery(told) from None


def _calendar(year: int | None, month: int | None, day: int | None) -> Span:
    start = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
    if day:
        return Span(start, start + timedelta(days=1))
    if month:
        return Span(start, (start + timedelta(days=31)).replace(day=1))
    return Span(start, start.replace(year=start.year + 1))
