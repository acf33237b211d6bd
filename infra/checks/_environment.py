"""What a service is told through its environment, taken as the service itself would take it."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from roomlog.settings import PREFIX, Settings, unknown_variables, variable


def refused(told: Mapping[str, str | None]) -> Iterator[str]:
    """Yield what a service would refuse of its environment, or ignore; None is a value that is not known here."""
    yield from unknown_variables(told)
    fields = {name: told.get(variable(name)) for name in Settings.model_fields}
    try:
        Settings.model_validate({n: value for n, value in fields.items() if value is not None})
    except ValidationError as error:
        for e in error.errors():
            yield f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}"
