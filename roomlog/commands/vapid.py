"""`roomlog vapid`: the key that web pushes are signed with."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from roomlog.settings import variable
from roomlog.vapid import generate_vapid_key, public_vapid_key


def vapid(
    file: Annotated[Path, typer.Argument(help="Where the key is, or is to be.")] = Path(
        "vapid.pem"
    ),
) -> None:
    """Make a key for web pushes, unless the file has one, and print the settings that go with it.

    Browsers subscribe for this key: with another one all of them have to subscribe again. The notifier
    needs the private half, the API the public one.
    """
    try:
        generate_vapid_key(file)
        public = public_vapid_key(file)
    except (OSError, ValueError) as error:
        print(f"roomlog: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    print(f"{variable('vapid_private_key')}={file.absolute()}")
    print(f"{variable('vapid_public_key')}={public}")
