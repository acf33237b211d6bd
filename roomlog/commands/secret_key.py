"""`roomlog secret-key`: the keys that secrets of webhooks are encrypted with in the database."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from roomlog.sealing import add_key
from roomlog.settings import variable


def secret_key(
    file: Annotated[Path, typer.Argument(help="Where the keys are, or are to be.")] = Path(
        "secret.keys"
    ),
) -> None:
    """Put a new key into the file, before those that are there, and print the setting that goes with it.

    The first one encrypts, every one decrypts. After a change restart API and webhooks; then `roomlog hooks
    reseal` encrypts everything with the first one, and older ones may be taken out.
    """
    try:
        add_key(file)
    except OSError as error:
        print(f"roomlog: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    print(f"{variable('secret_keys')}={file.absolute()}")
