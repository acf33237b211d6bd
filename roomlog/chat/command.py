"""`roomlog chat`: sign in and chat."""

import asyncio
import getpass
import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from roomlog.chat.account import Account, Login, SignInFailed
from roomlog.chat.chat import Chat
from roomlog.chat.terminal import open_terminal
from roomlog.client import Client, ConnectionEnded
from roomlog.seed.people import PASSWORD, email_of
from roomlog.target import NoTarget, find_target


def chat(
    room: Annotated[str, typer.Option(help="Room to enter; made where there is none.")] = "",
    as_: Annotated[
        str,
        typer.Option("--as", metavar="NAME", help="Be a demo person, or with --email a new one."),
    ] = "",
    email: Annotated[
        str, typer.Option(help="Sign in with this account; password: asked, or $ROOMLOG_PASSWORD.")
    ] = "",
    node: Annotated[str, typer.Option(help="Ingest node to prefer, such as n2.")] = "",
    data: Annotated[
        Path | None,
        typer.Option(help="Data directory of the stack.  [default: $ROOMLOG_DATA, else .roomlog]"),
    ] = None,
    api: Annotated[str, typer.Option(help="Address of the API, if not that stack's.")] = "",
) -> None:
    """Chat in this terminal, or through a pipe: one message a line.

    `roomlog chat --as Alice --room tea` is all it takes on a stack of one's own.
    """
    try:
        root = find_target(data, api).need_api()
        uvloop.run(_chat(root, _login(as_.strip(), email.strip()), room.strip(), node.strip()))
    except (NoTarget, SignInFailed, ConnectionEnded) as error:
        print(f"roomlog: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    except TimeoutError as error:
        print("roomlog: no ingest node answers (`roomlog status`)", file=sys.stderr)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def demo_login(name: str) -> Login:
    """Return the account of a demo person; everybody knows its password."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "guest"
    return Login(email_of(slug), PASSWORD, name)


def _login(name: str, email: str) -> Login:
    if not email:
        if not name and sys.stdin.isatty():
            name = input("Your name: ").strip()
        if not name:
            raise SignInFailed("say who you are: --as NAME, or --email ADDRESS")
        return demo_login(name)
    password = os.environ.get("ROOMLOG_PASSWORD", "")
    if not password and not sys.stdin.isatty():
        raise SignInFailed("without a terminal the password comes from ROOMLOG_PASSWORD")
    return Login(email, password or getpass.getpass(f"Password of {email}: "), name)


async def _chat(root: str, login: Login, room: str, node: str) -> None:
    account = Account(root, login)
    client = None

    async def addresses() -> list[str]:
        nodes = await account.nodes()
        return sorted(nodes.values(), key=lambda url: url != nodes.get(_node_name(node)))

    try:
        await account.sign_in()
        client = await Client.connect(addresses, account.token)
        await Chat(account, client, open_terminal()).run(room)
    finally:
        if client is not None:
            await asyncio.shield(client.close())
        await account.close()


def _node_name(node: str) -> str:
    """Return a node's name for `n2`, `2` or `ingest-2`."""
    number = node.rpartition("-")[2].removeprefix("n")
    return f"n{number}" if number.isdecimal() else node
