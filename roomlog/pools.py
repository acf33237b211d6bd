"""What a pool of connections to PostgreSQL tells Prometheus, when it asks."""

from typing import Protocol

from roomlog.metrics import DATABASE_POOL, DATABASE_POOL_WAITING


class Pool(Protocol):
    """A pool of psycopg_pool."""

    def get_stats(self) -> dict[str, int]:
        """Return its numbers."""
        ...


def watch(name: str, pool: Pool) -> None:
    """Show how many connections of a pool are idle and busy, and how many wait for one."""

    def number(of: str) -> float:
        return pool.get_stats().get(of, 0)

    DATABASE_POOL.labels(name, "idle").set_function(lambda: number("pool_available"))
    DATABASE_POOL.labels(name, "busy").set_function(
        lambda: number("pool_size") - number("pool_available")
    )
    DATABASE_POOL_WAITING.labels(name).set_function(lambda: number("requests_waiting"))
