"""The schema registry: registers the released schemas, and resolves ids once, when a process starts.

Speaks the Confluent API (Apicurio serves it under `/apis/ccompat/v7`). What was resolved is kept in a
file, so that a service starts while the registry is away; the hot path never asks it.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import httpx
import tenacity

from roomlog import registry, tls
from roomlog.accounts import UserEvent
from roomlog.reads import ReadEvent
from roomlog.signals import ChatSignal
from schemas import files
from schemas.codec import (
    ChatEventCodec,
    Codec,
    chat_event_codec,
    chat_signal_codec,
    read_event_codec,
    user_event_codec,
)

_HEADERS = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
_TIMEOUT_S = 5.0
_NOT_LET_IN, _NOT_FOUND = (401, 403), 404
_T = TypeVar("_T")


class RegistryError(RuntimeError):
    """The registry cannot be reached and nothing is cached, or it refused a schema."""


class Resolved(NamedTuple):
    """The ids of one subject: the one to write with, and the schema behind every one."""

    writer_id: int
    schemas: dict[int, files.Schema]


class Registry:
    """Resolves subjects at `url` (for example `http://127.0.0.1:8081/apis/ccompat/v7`; see roomlog.registry).

    `cache` is a directory for what was resolved, or None for no cache.
    """

    def __init__(self, url: str, cache: Path | None = None) -> None:
        self._url = url
        self._cache = cache

    def resolve(self, subject: str) -> Resolved:
        """Return the ids of a subject's released schemas; raises RegistryError."""
        return self._resolved([subject])[subject]

    def resolve_all(self) -> dict[str, Resolved]:
        """Return the ids of every subject; raises RegistryError."""
        return self._resolved(files.SUBJECTS)

    def codecs(self) -> "Codecs":
        """Return the codecs of all topics; raises RegistryError."""
        return Codecs.of(self.resolve_all())

    def _resolved(self, subjects: Iterable[str]) -> dict[str, Resolved]:
        found = {}
        with _client(self._url) as http:  # one for all: it reads certificates, and connects
            for subject in subjects:
                try:
                    found[subject] = _with_retries(partial(_lookup, http, subject))
                except httpx.HTTPError as error:
                    found[subject] = self._cached(subject, error)
                else:
                    self._remember(subject, found[subject])
        return found

    def _path(self, subject: str) -> Path | None:
        return self._cache and self._cache / f"schema-ids.{subject}.json"

    def _remember(self, subject: str, found: Resolved) -> None:
        if path := self._path(subject):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Services share the directory, and several may start at once: a draft for each.
            draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}.new")
            draft.write_text(json.dumps({"writer_id": found.writer_id, "schemas": found.schemas}))
            draft.replace(path)

    def _cached(self, subject: str, error: Exception) -> Resolved:
        path = self._path(subject)
        if path is None or not path.exists():
            raise _unresolved(self._url, subject, error) from error
        kept = json.loads(path.read_text())
        return Resolved(kept["writer_id"], {int(i): s for i, s in kept["schemas"].items()})


class Codecs(NamedTuple):
    """One codec a topic."""

    chat_events: ChatEventCodec
    chat_signals: Codec[ChatSignal]
    chat_reads: Codec[ReadEvent]
    user_events: Codec[UserEvent]

    @classmethod
    def of(cls, resolved: Mapping[str, Resolved]) -> "Codecs":
        """Return the codecs of subjects that were resolved."""
        return cls(
            chat_event_codec(*resolved["chat.events-value"]),
            chat_signal_codec(*resolved["chat.signals-value"]),
            read_event_codec(*resolved["chat.reads-value"]),
            user_event_codec(*resolved["user.events-value"]),
        )


def register_all(url: str) -> Mapping[str, int]:
    """Register every released schema, oldest first, and return `subject -> writer id`.

    Repeating it changes nothing. Raises RegistryError where the registry refuses one, or does not answer.
    """
    ids = {}
    try:
        with _client(url) as http:
            for subject in files.SUBJECTS:
                for schema in files.released(subject):
                    ids[subject] = _register(http, subject, schema)
    except httpx.HTTPError as error:
        raise RegistryError(registry.complaint(url, error)) from error
    return ids


def _register(http: httpx.Client, subject: str, schema: files.Schema) -> int:
    body = {"schema": json.dumps(schema)}
    answer = http.post(f"/subjects/{subject}/versions", json=body)
    if answer.status_code in _NOT_LET_IN:
        answer.raise_for_status()
    if answer.is_error:
        raise RegistryError(f"registry refused {subject}: {answer.status_code} {answer.text[:300]}")
    return int(answer.json()["id"])


def _lookup(http: httpx.Client, subject: str) -> Resolved:
    schemas = {}
    for schema in files.released(subject):
        answer = http.post(f"/subjects/{subject}", json={"schema": json.dumps(schema)})
        answer.raise_for_status()
        writer_id = int(answer.json()["id"])
        schemas[writer_id] = schema
    return Resolved(writer_id, schemas)


def _client(url: str) -> httpx.Client:
    return httpx.Client(**registry.client_options(url), headers=_HEADERS, timeout=_TIMEOUT_S)


def _unresolved(url: str, subject: str, error: Exception) -> RegistryError:
    told = registry.complaint(url, error)
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code == _NOT_FOUND:
        told = f"{told}; it does not know {subject}: was `roomlog topics apply` run against it?"
    elif not _is_lasting(error):
        told = f"{told}; is it running?"
    return RegistryError(told)


def _with_retries(call: Callable[[], _T]) -> _T:
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_delay(10),
        wait=tenacity.wait_random_exponential(multiplier=0.1, max=1),
        retry=tenacity.retry_if_exception(_passes),
        reraise=True,
    )
    return retrying(call)


def _passes(error: BaseException) -> bool:
    """Tell whether asking again may help: a registry answers 500 while its own database restarts."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.is_server_error
    return isinstance(error, httpx.TransportError) and not _is_lasting(error)


def _is_lasting(error: BaseException) -> bool:
    """Tell whether the registry does not let us in: asking again changes nothing."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in _NOT_LET_IN
    return bool(tls.complaint(error, ""))
