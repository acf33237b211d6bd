"""What a service is told through its environment, taken as the service itself would take it."""

import re
from collections.abc import Iterator, Mapping

import certifi
from pydantic import ValidationError

from roomlog.settings import PREFIX, Settings, unknown_variables, variable

_AUTHORITY = re.compile(r"(?<=[?&])(ca|sslrootcert|ssl_ca_certs)=[^&]*")
"""A file in an address: a pod or a task has it, this machine has not."""


def refused(told: Mapping[str, str | None]) -> Iterator[str]:
    """Yield what a service would refuse of its environment, or ignore; None is a value that is not known here."""
    yield from unknown_variables(told)
    fields = {name: told.get(variable(name)) for name in Settings.model_fields}
    given = {n: _with_authority(value) for n, value in fields.items() if value is not None}
    try:
        Settings.model_validate(given)
    except ValidationError as error:
        for e in error.errors():
            yield f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}"


def _with_authority(value: str) -> str:
    return _AUTHORITY.sub(lambda found: f"{found[1]}={certifi.where()}", value)
