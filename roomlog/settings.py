"""Settings: environment variables `ROOMLOG_*`, one list for every service; `roomlog settings` prints it.

Every variable may be given as a file too, for what is secret: ROOMLOG_POSTGRES_FILE names a file that holds the
value of ROOMLOG_POSTGRES (a last line break does not count). The variable itself wins where both are there.
"""

import difflib
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from roomlog import brokers, registry, valkey
from roomlog.outbound import networks

PREFIX = "ROOMLOG_"
_FILE = "_FILE"
_NOT_OF_SERVICES = {"ROOMLOG_CACHE", "ROOMLOG_PASSWORD"}
"""Variables that single commands read."""


class BadFile(ValueError):
    """A file that holds a setting cannot be read; the message names both."""


class Settings(BaseSettings):
    """What a service is told from outside; read once when it starts."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    kafka: str = Field(
        default="127.0.0.1:9092",
        description="Kafka bootstrap servers, comma-separated; with TLS and a user: "
        "kafkas://USER:PASSWORD@HOST:PORT,HOST:PORT?ca=FILE",
    )
    postgres: str = Field(
        default="postgresql://roomlog@127.0.0.1:5432/roomlog",
        description="PostgreSQL connection string; with TLS: ...?sslmode=verify-full&sslrootcert=FILE",
    )
    valkey: str = Field(
        default="redis://127.0.0.1:6379/0",
        description="Valkey (or Redis) URL; with TLS: rediss://USER:PASSWORD@HOST:PORT/0?ssl_ca_certs=FILE",
    )
    postgres_pooler: str = Field(
        default="",
        description="the same database through PgBouncer, also in transaction mode, for the requests of the "
        "API (default: ROOMLOG_POSTGRES, which all else uses, as it must lead to PostgreSQL itself)",
    )
    postgres_replica: str = Field(
        default="",
        description="a streaming replica of that database, for reads of the API (default: none)",
    )
    replica_lag_s: float = Field(
        default=2.0,
        ge=0.5,
        description="seconds that a replica may be behind; while it is more, the API does not read from it",
    )
    registry: str = Field(
        default="http://127.0.0.1:8081/apis/ccompat/v7",
        description="schema registry, Confluent API; with TLS: https://USER:PASSWORD@HOST/PATH?ca=FILE",
    )
    data: Path = Field(
        default=Path(".roomlog"), description="directory for this installation's own files"
    )
    epoch: int = Field(default=1, description="epoch of the log; the first part of every cursor")
    node: str = Field(
        default="n1", description="name of this ingest node, unique among those running"
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=0, description="port to listen on (0: the service's default)")
    metrics_port: int = Field(
        default=0,
        description="port of /healthz, /readyz and /metrics where a service has no other (0: default)",
    )
    public_url: str = Field(
        default="",
        description="WebSocket address under which clients reach this node (default: its own)",
    )
    ingest_url: str = Field(
        default="",
        description="one load-balanced WebSocket address to give to clients instead of each node's",
    )
    origins: str = Field(
        default="",
        description="comma-separated web origins whose cookies the nodes and the API accept",
    )
    workspace_domain: str = Field(
        default="",
        description="domain below which a host picks a workspace by its slug: acme.DOMAIN",
    )
    email_deliverability: Literal["on", "off"] = Field(
        default="on",
        description="off: do not look up whether the domain of an invited address takes mail",
    )
    jwt_private_key: Path | None = Field(
        default=None, description="PEM file of the Ed25519 signing key"
    )
    jwks: str = Field(
        default="",
        description="path or https URL of the key set that access tokens are checked with",
    )
    secret_keys: Path | None = Field(
        default=None,
        description="file of the keys that secrets of webhooks are encrypted with in the database, one a line, "
        "the newest first (`roomlog secret-key` adds one); none: they are kept as they are",
    )
    vapid_private_key: Path | None = Field(
        default=None,
        description="PEM file of the P-256 key that web pushes are signed with (`roomlog vapid` makes one)",
    )
    vapid_public_key: str = Field(
        default="", description="its public half for browsers, as `roomlog vapid` prints it"
    )
    vapid_subject: str = Field(
        default="mailto:operator@example.org",
        description="whom a push service tells of problems: a mailto: or https: address",
    )
    push_hosts: str = Field(
        default="fcm.googleapis.com,.push.services.mozilla.com,.push.apple.com,.notify.windows.com",
        description="comma-separated hosts of push services (.name: and all below it); of others, with "
        "their scheme, such as http://127.0.0.1, only for tests",
    )
    web_url: str = Field(
        default="", description="address at which people open the web client, for links in mails"
    )
    smtp_url: str = Field(
        default="",
        description="mail server: smtp://USER:PASSWORD@HOST:PORT, smtps:// for TLS from the start; none: no mails",
    )
    mail_from: str = Field(default="Roomlog <roomlog@localhost>", description="whom mails are from")
    mail_every_s: int = Field(
        default=86_400, ge=1, description="seconds between two digests to one person, at least"
    )
    web: Path | None = Field(
        default=None, description="directory of the built web client that the API serves"
    )
    files: str = Field(
        default="",
        description="where files are: a directory, or s3://BUCKET/PREFIX?endpoint=URL&region=R "
        "(default: `files` in the data directory)",
    )
    file_bytes: int = Field(default=100_000_000, description="size of one file at most")
    file_quota_bytes: int = Field(
        default=2_000_000_000, description="size of all files of one user at most"
    )
    refused_file_types: str = Field(
        default="application/vnd.microsoft.portable-executable,application/x-msdownload",
        description="comma-separated types, by content, that are not taken; * stands for any part",
    )
    link_previews: Literal["on", "off"] = Field(
        default="on", description="off: the API fetches no pages to show what links lead to"
    )
    link_preview_exceptions: str = Field(
        default="",
        description="comma-separated networks that previews may be fetched from though they are not "
        "public, on any port",
    )
    rate_limits: Literal["on", "off"] = Field(
        default="on", description="off: no rate limits, for load tests"
    )
    compression: Literal["on", "off"] = Field(
        default="on", description="off: ingest nodes decline permessage-deflate"
    )
    compression_bytes: int = Field(
        default=200, description="lines of fewer bytes go out uncompressed"
    )
    secure_cookies: bool = Field(
        default=False, description="set the Secure flag on cookies (behind https: yes)"
    )
    outbound_http: Literal["on", "off"] = Field(
        default="off", description="on: webhooks may go to http addresses too, unencrypted"
    )
    outbound_networks: str = Field(
        default="",
        description="comma-separated networks that webhooks may reach though they are not public",
    )
    webhook_retry_s: float = Field(
        default=5.0,
        gt=0,
        description="seconds before a webhook's first retry; each later one doubles",
    )
    trusted_proxies: str = Field(
        default="",
        description="comma-separated networks of load balancers whose X-Forwarded-For is believed",
    )
    proxy_protocol: str = Field(
        default="",
        description="comma-separated networks of load balancers whose connections all begin with a "
        "PROXY protocol header (version 1 or 2); from anybody else it is refused",
    )
    log_level: str = Field(default="info", description="debug, info, warning or error")
    log_format: Literal["text", "json"] = Field(
        default="text", description="json: one object a line, for programs that collect logs"
    )
    traces_url: str = Field(
        default="",
        description="OTLP over HTTP: http://COLLECTOR:4318/v1/traces; none: nothing is traced",
    )
    trace_sample: float = Field(
        default=0.001,
        ge=0,
        le=1,
        description="share of all messages that is traced, chosen by event id",
    )
    database_pool: int = Field(
        default=8,
        ge=1,
        description="PostgreSQL connections of one service at most (the API: to each server)",
    )
    database_waiting: int = Field(
        default=200,
        ge=1,
        description="requests of the API that may wait for one of these; others get 503 at once",
    )
    database_prepare: Literal["on", "off"] = Field(
        default="on",
        description="off: the API prepares no statements, for a PgBouncer that is older than 1.21 or has "
        "max_prepared_statements = 0",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What a program gives comes first, then variables, then files."""
        files = InitSettingsSource(settings_cls, _from_files(os.environ))
        return init_settings, env_settings, files

    @field_validator(
        "outbound_networks", "link_preview_exceptions", "trusted_proxies", "proxy_protocol"
    )
    @classmethod
    def _require_networks(cls, text: str) -> str:
        networks(text)
        return text

    @field_validator("kafka")
    @classmethod
    def _require_brokers(cls, text: str) -> str:
        brokers.parse(text).connection_options()
        return text

    @field_validator("valkey")
    @classmethod
    def _require_valkey(cls, text: str) -> str:
        valkey.require_address(text)
        return text

    @field_validator("registry")
    @classmethod
    def _require_registry(cls, text: str) -> str:
        registry.client_options(text)
        return text

    @property
    def allowed_origins(self) -> frozenset[str]:
        """The web origins that may send cookies."""
        return frozenset(o.strip() for o in self.origins.split(",") if o.strip())


def from_environment() -> Settings:
    """Return what the environment says; ends the program, naming the variable, where it makes no sense.

    A variable that no setting has the name of is most probably misspelt: it is told of, and ignored.
    """
    for told in unknown_variables(os.environ):
        print(told, file=sys.stderr)
    try:
        return Settings()
    except BadFile as error:
        raise SystemExit(str(error)) from None
    except ValidationError as error:
        raise SystemExit(
            "\n".join(_complaint(e["loc"], e["msg"]) for e in error.errors())
        ) from None


def unknown_variables(names: Iterable[str]) -> list[str]:
    """Return a sentence for each variable that begins like a setting and is none."""
    known = {variable(name) for name in Settings.model_fields} | _NOT_OF_SERVICES
    files = {variable(name) + _FILE for name in Settings.model_fields}
    told = []
    for name in sorted(n for n in names if n.startswith(PREFIX) and n not in known | files):
        likely = difflib.get_close_matches(name, known, n=1)
        advice = f"did you mean {likely[0]}?" if likely else "`roomlog settings` lists them"
        told.append(f"{name} is no setting and is ignored; {advice}")
    return told


def variable(field: str) -> str:
    """Return the environment variable of a field of `Settings`."""
    return PREFIX + field.upper()


def given(field: str, environ: Mapping[str, str]) -> str | None:
    """Return what an environment says of a field of `Settings`, itself or by a file; raises BadFile."""
    name = variable(field)
    if name in environ:
        return environ[name]
    if not (path := environ.get(name + _FILE)):
        return None
    try:
        return Path(path).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        told = f"{name}{_FILE} names {path}, which cannot be read ({why})"
        raise BadFile(f"{told}; it should hold what {name} would") from error


def _from_files(environ: Mapping[str, str]) -> dict[str, Any]:
    found = {name: given(name, environ) for name in Settings.model_fields}
    return {name: value for name, value in found.items() if value is not None}


def _complaint(where: tuple[int | str, ...], why: str) -> str:
    name = variable(str(where[0])) if where else "the environment"
    why = why.removeprefix("Value error, ")
    return f"{name}: {why[:1].lower()}{why[1:]}; `roomlog settings` tells what it is for"
