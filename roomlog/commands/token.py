"""`roomlog token`: an access token for operators, scripts and load tests."""

import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from roomlog import ids
from roomlog.bridge.script import Bridge
from roomlog.target import NoTarget, find_target
from roomlog.tokens import ACCESS_TTL_S, SCOPE_BRIDGE, Signer


def token(
    user: Annotated[
        str, typer.Option(help="Whose: a user id, or a name, which gives that name's test account.")
    ] = "",
    name: Annotated[str, typer.Option(help="Display name in the token.")] = "",
    bridge: Annotated[
        bool, typer.Option("--bridge", help="May act for others (scope bridge), as an import does.")
    ] = False,
    ttl: Annotated[int, typer.Option(min=1, metavar="SECONDS", help="How long it is good.")] = (
        ACCESS_TTL_S
    ),
    data: Annotated[
        Path | None,
        typer.Option(help="Data directory of the stack.  [default: $ROOMLOG_DATA, else .roomlog]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Also tell the user id.")] = False,
) -> None:
    """Print an access token, signed with this installation's key (ROOMLOG_JWT_PRIVATE_KEY)."""
    if not user and not bridge:
        raise typer.BadParameter("say whose: --user NAME or ID, or --bridge")
    try:
        signer = Signer(find_target(data).need_key())
    except (NoTarget, OSError, ValueError) as error:
        print(f"roomlog: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    owner = user if ids.is_id(user) else Bridge("token").person(user or "bridge")
    scope = SCOPE_BRIDGE if bridge else ""
    shown = name or (user if not ids.is_id(user) else "") or "bridge"
    made = signer.access_token(owner, shown, ids.new_id(), time.time(), scope, ttl)
    if as_json:
        found = {"token": made, "user": owner, "name": shown, "scope": scope, "ttl_s": ttl}
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        print(made)
