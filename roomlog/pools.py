"""What a pool of connections to PostgreSQL tells Prometheus, when it asks."""

from typing import Protocol

from roomlog.metrics import DATABASE_CONNECTIONS, DATABASE_WAITING


class Pool(Protocol):
    """A pool of psycopg_pool."""

    def get_stats(self) -> dict[str, int]:
        """Return its numbers."""
        ...


def watch(server: str, pool: Pool) -> None:
    """Show how many connections of a pool to a server are used and free, and how many requests wait for one."""

    def number(of: str) -> float:
        return pool.get_stats().get(of, 0)

    DATABASE_CONNECTIONS.labels(server, "free").set_function(lambda: number("pool_available"))
    DATABASE_CONNECTIONS.labels(server, "used").set_function(
        lambda: number("pool_size") - number("pool_available")
    )
    DATABASE_WAITING.labels(server).set_function(lambda: number("requests_waiting"))
