"""`roomlog settings`: every setting, from the one list."""

import os
from urllib.parse import urlsplit

from rich.table import Table

from roomlog.commands.output import wide_console
from roomlog.settings import Settings, from_environment, given, variable


def settings() -> None:
    """List all settings: environment variable, value in force, default if it is another, meaning."""
    in_force = from_environment()
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in ("variable", "value", "default", "meaning"):
        table.add_column(column, overflow="fold")
    for name, field in Settings.model_fields.items():
        default = _shown(field.default)
        value = _shown(getattr(in_force, name)) if given(name, os.environ) is not None else default
        other = default if value != default else ""
        table.add_row(variable(name), value, other, field.description or "")
    wide_console().print(table, markup=False)


def _shown(value: object) -> str:
    """Return a value as it may be printed: an address without its password."""
    text = "" if value is None else str(value)
    password = urlsplit(text).password if "://" in text else None
    return text.replace(f":{password}@", ":***@") if password else text
