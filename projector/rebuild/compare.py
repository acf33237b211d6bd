"""The new tables against the live ones, at the same offsets."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg

from projector.rebuild import sql
from roomlog.readmodels.compare import Differences, compare
from roomlog.readmodels.tables import TABLES, Key, Row, Table

_FETCH = 5_000
Sums = dict[int, tuple[Any, ...]]
"""Bucket -> its number of rows and the sum over them."""


def sums(connection: psycopg.Connection, schema: str) -> dict[str, Sums]:
    """Return the sums of every table of a schema."""
    found = {}
    for table in TABLES:
        rows = connection.execute(sql.sums_of(table, schema).encode())
        found[table.name] = {bucket: (count, total) for bucket, count, total in rows}
    return found


def rows_in(found: dict[str, Sums]) -> dict[str, int]:
    """Return how many rows each table has."""
    return {table: sum(count for count, _ in of.values()) for table, of in found.items()}


def differences(
    new: psycopg.Connection,
    live: psycopg.Connection,
    live_schema: str,
    should: dict[str, Sums],
    found: dict[str, Sums],
) -> Differences:
    """Return where rows differ: only buckets whose sums do are looked into."""
    all_found = Differences()
    for table in TABLES:
        ours, theirs = should[table.name], found[table.name]
        buckets = [b for b in ours.keys() | theirs.keys() if ours.get(b) != theirs.get(b)]
        if buckets:
            pairs = _side_by_side(
                _buckets(new, table, sql.NEW, buckets), _buckets(live, table, live_schema, buckets)
            )
            for rows, other in pairs:
                all_found.add(compare(table, rows, other))
    return all_found


Bucket = tuple[int, dict[Key, Row]]


def _buckets(
    connection: psycopg.Connection, table: Table, schema: str, buckets: list[int]
) -> Iterator[Bucket]:
    """Yield the rows of buckets, one bucket after the other."""
    with connection.transaction(), connection.cursor(f"rows_of_{table.name}") as cursor:
        cursor.itersize = _FETCH
        cursor.execute(sql.rows_of(table, schema).encode(), [buckets])
        for bucket, rows in groupby(cursor, itemgetter(0)):
            yield bucket, dict(table.split(row[1:]) for row in rows)


def _side_by_side(
    ours: Iterator[Bucket], theirs: Iterator[Bucket]
) -> Iterator[tuple[dict[Key, Row], dict[Key, Row]]]:
    """Yield the rows of each bucket of both sides; a bucket that one side lacks is empty there."""
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            yield one[1] if one else {}, {}
            one = next(ours, None)
        elif one is None or other[0] < one[0]:
            yield {}, other[1]
            other = next(theirs, None)
        else:
            yield one[1], other[1]
            one, other = next(ours, None), next(theirs, None)
