"""`roomlog settings`: every setting, from the one list."""

from rich.table import Table

from roomlog.commands.output import wide_console
from roomlog.settings import Settings


def settings() -> None:
    """List all settings: environment variable, default, meaning."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in ("variable", "default", "meaning"):
        table.add_column(column, overflow="fold")
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else str(field.default)
        table.add_row(f"ROOMLOG_{name.upper()}", default, field.description or "")
    wide_console().print(table, markup=False)
