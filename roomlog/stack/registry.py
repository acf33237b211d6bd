"""The schema registry: Apicurio on PostgreSQL, speaking the Confluent API."""

from pathlib import Path

from roomlog.stack import child, java
from roomlog.stack.layout import Layout
from roomlog.stack.ports import HOST
from roomlog.stack.postgres import REGISTRY_DATABASE, ROLE

API = "/apis/ccompat/v7"


def url(port: int) -> str:
    """Return the address of the Confluent API."""
    return f"http://{HOST}:{port}{API}"


def command(
    layout: Layout,
    home: Path,
    cache: Path,
    port: int,
    management_port: int,
    database: tuple[int, str],
) -> child.Command:
    """Return how the server is run; `database` is PostgreSQL's port and password."""
    database_port, password = database
    return child.Command(
        argv=java.command(cache, [java.QUICK, "-jar", str(home / "quarkus-run.jar")]),
        env=child.inherited_env(
            {
                "APICURIO_STORAGE_KIND": "sql",
                "APICURIO_STORAGE_SQL_KIND": "postgresql",
                "APICURIO_DATASOURCE_URL": f"jdbc:postgresql://{HOST}:{database_port}/{REGISTRY_DATABASE}",
                "APICURIO_DATASOURCE_USERNAME": ROLE,
                "APICURIO_DATASOURCE_PASSWORD": password,
                "QUARKUS_HTTP_HOST": HOST,
                "QUARKUS_HTTP_PORT": str(port),
                "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
                "QUARKUS_MANAGEMENT_HOST": HOST,
                "QUARKUS_MANAGEMENT_PORT": str(management_port),
            }
        ),
        log=layout.log("registry"),
        stop_seconds=10,
    )
