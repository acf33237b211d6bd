"""The schema registry: Apicurio on PostgreSQL, speaking the Confluent API."""

from pathlib import Path
from typing import NamedTuple

from roomlog.stack import child, java
from roomlog.stack.layout import Layout
from roomlog.stack.ports import HOST
from roomlog.stack.postgres import REGISTRY_DATABASE, ROLE

API = "/apis/ccompat/v7"


def url(port: int) -> str:
    """Return the address of the Confluent API."""
    return f"http://{HOST}:{port}{API}"


class Ports(NamedTuple):
    """The registry's own two ports, and that of its PostgreSQL."""

    api: int
    management: int
    postgres: int


def command(layout: Layout, home: Path, cache: Path, ports: Ports, password: str) -> child.Command:
    """Return how the server is run; `password` is PostgreSQL's."""
    database = f"jdbc:postgresql://{HOST}:{ports.postgres}/{REGISTRY_DATABASE}"
    return child.Command(
        argv=java.command(cache, ["-jar", str(home / "quarkus-run.jar")]),
        env=child.inherited_env(
            {
                "APICURIO_STORAGE_KIND": "sql",
                "APICURIO_STORAGE_SQL_KIND": "postgresql",
                "APICURIO_DATASOURCE_URL": database,
                "APICURIO_DATASOURCE_USERNAME": ROLE,
                "APICURIO_DATASOURCE_PASSWORD": password,
                # It holds twenty connections otherwise, and is asked only when something starts.
                "APICURIO_DATASOURCE_JDBC_INITIAL_SIZE": "1",
                "APICURIO_DATASOURCE_JDBC_MIN_SIZE": "1",
                "APICURIO_DATASOURCE_JDBC_MAX_SIZE": "8",
                "QUARKUS_HTTP_HOST": HOST,
                "QUARKUS_HTTP_PORT": str(ports.api),
                "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
                "QUARKUS_MANAGEMENT_HOST": HOST,
                "QUARKUS_MANAGEMENT_PORT": str(ports.management),
            }
        ),
        log=layout.log("registry"),
        stop_seconds=10,
    )
