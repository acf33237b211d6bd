"""The schema registry: Apicurio on PostgreSQL, speaking the Confluent API."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from roomlog.stack import child, java
from roomlog.stack.layout import Layout
from roomlog.stack.ports import HOST
from roomlog.stack.postgres import REGISTRY_DATABASE

API = "/apis/ccompat/v7"
_TLS_OPTIONS = ("sslmode", "sslrootcert", "sslcert")
"""Those that libpq and PostgreSQL's JDBC driver both know, for PEM files. (Of keys the latter reads only DER.)"""


def url(port: int) -> str:
    """Return the address of the Confluent API."""
    return f"http://{HOST}:{port}{API}"


class Ports(NamedTuple):
    """The registry's own two ports."""

    api: int
    management: int


def command(layout: Layout, home: Path, cache: Path, ports: Ports, dsn: str) -> child.Command:
    """Return how the server is run; `dsn` names the PostgreSQL server on which it has a database."""
    from psycopg.conninfo import conninfo_to_dict

    server = conninfo_to_dict(dsn)
    address = f"{server.get('host', HOST)}:{server.get('port', 5432)}"
    of_tls = urlencode({o: server[o] for o in _TLS_OPTIONS if o in server}, safe="/")
    return child.Command(
        argv=java.command(cache, ["-jar", str(home / "quarkus-run.jar")]),
        env=child.inherited_env(
            {
                "APICURIO_STORAGE_KIND": "sql",
                "APICURIO_STORAGE_SQL_KIND": "postgresql",
                "APICURIO_DATASOURCE_URL": f"jdbc:postgresql://{address}/{REGISTRY_DATABASE}?{of_tls}",
                "APICURIO_DATASOURCE_USERNAME": str(server.get("user", "")),
                "APICURIO_DATASOURCE_PASSWORD": str(server.get("password", "")),
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
