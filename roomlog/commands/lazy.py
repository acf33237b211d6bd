"""A typer group whose commands are imported when they are called: `roomlog --help` imports none."""

from collections.abc import Callable, Mapping
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

Load = Callable[[str], Any]
"""Returns a command's typer app or function by its name."""


class _Lazy(TyperCommand):
    """Stands for a command in the help; turns into the real one when it is called."""

    def __init__(self, name: str, panel: str, text: str, load: Load) -> None:
        super().__init__(name, help=text, rich_help_panel=panel)
        self._load = load

    def make_context(self, info_name: str | None, args: list[str], **more: Any) -> Any:  # type: ignore[override]
        """Import the command and give it the arguments."""
        return _as_command(self._load(str(self.name))).make_context(info_name, args, **more)


def group(text: str, table: Mapping[str, tuple[str, str]], load: Load) -> TyperGroup:
    """Return a group with the commands of `table`: name -> (panel, help)."""
    commands = [_Lazy(n, panel, line, load) for n, (panel, line) in table.items()]
    return TyperGroup(name="roomlog", help=text, commands=commands, no_args_is_help=True)


def _as_command(target: Any) -> Any:
    if isinstance(target, typer.Typer):
        return typer.main.get_command(target)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(target)
    return typer.main.get_command(app)
