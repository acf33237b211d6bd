"""The command line `roomlog`: a table of commands, each imported only when it is called."""

import gc
import importlib
import sys
from typing import Any, NamedTuple


class Command(NamedTuple):
    """A command: the `module:object` behind it (a typer app or a function), and its place in the help."""

    target: str
    panel: str
    help: str


_STACK = "The stack on this machine"
_SERVICE = "One service each, settings from the environment"
_OPERATE = "Operate"
_USE = "Chat and analyse"

COMMANDS = {
    "up": Command("roomlog.commands.stack:up", _STACK, "Start the whole stack on this machine."),
    "down": Command("roomlog.commands.stack:down", _STACK, "Stop the stack."),
    "status": Command("roomlog.commands.stack:status", _STACK, "Show what runs where."),
    "scale": Command(
        "roomlog.commands.scale:scale", _STACK, "Run more or fewer of a kind, while all goes on."
    ),
    "logs": Command(
        "roomlog.commands.stack:logs", _STACK, "Show the logs of the stack or of one service."
    ),
    "ingest": Command("ingest.app:main", _SERVICE, "Run an ingest node."),
    "streams": Command("streams.app:main", _SERVICE, "Run a streams worker."),
    "projector": Command("projector.app:main", _SERVICE, "Run a projector."),
    "indexer": Command("projector.indexer:main", _SERVICE, "Run an indexer for full-text search."),
    "webhooks": Command("projector.webhooks.app:main", _SERVICE, "Run a sender of webhooks."),
    "notifier": Command(
        "projector.notifier.app:main", _SERVICE, "Run a notifier for web push and e-mail."
    ),
    "api": Command("api.app:main", _SERVICE, "Run the API."),
    "settings": Command("roomlog.commands.settings:settings", _OPERATE, "List all settings."),
    "topics": Command("roomlog.commands.topics:app", _OPERATE, "List or create the topics."),
    "access": Command(
        "roomlog.commands.access:app", _OPERATE, "Who may do what in Kafka: users and rights."
    ),
    "migrate": Command(
        "roomlog.commands.migrate:migrate", _OPERATE, "Bring the tables up to date."
    ),
    "rebuild": Command(
        "projector.commands.rebuild:rebuild",
        _OPERATE,
        "Make the read models again from the log, beside the live ones.",
    ),
    "verify": Command(
        "analytics.commands.verify:verify", _OPERATE, "Compare the read models with the log."
    ),
    "repair-unread": Command(
        "analytics.commands.repair_unread:repair_unread",
        _OPERATE,
        "Recount what is unread from the log, and put it right.",
    ),
    "dlq": Command(
        "projector.commands.dlq:app",
        _OPERATE,
        "Records that could not be applied: list, show, retry or drop.",
    ),
    "hooks": Command(
        "projector.commands.hooks:app",
        _OPERATE,
        "Webhooks: what could not be delivered, and sending it once more.",
    ),
    "plan": Command(
        "roomlog.capacity.command:plan", _OPERATE, "Print how many of what a load needs."
    ),
    "vapid": Command("roomlog.commands.vapid:vapid", _OPERATE, "Make the key of web pushes."),
    "secret-key": Command(
        "roomlog.commands.secret_key:secret_key",
        _OPERATE,
        "Make a key that secrets of webhooks are encrypted with.",
    ),
    "token": Command("roomlog.commands.token:token", _OPERATE, "Print an access token."),
    "seed": Command(
        "roomlog.seed.command:seed", _USE, "Fill in demo users, rooms and a real history."
    ),
    "chat": Command("roomlog.chat.command:chat", _USE, "Chat in this terminal."),
    "import": Command(
        "roomlog.bridge.command:import_", _USE, "Play recorded chats in, as their senders."
    ),
    "export": Command(
        "analytics.commands.export:export", _USE, "Write the log to Parquet, Avro, JSONL or CSV."
    ),
    "replay": Command("analytics.commands.replay:replay", _USE, "Print any range of the log."),
    "check": Command(
        "roomlog.check.command:check", _OPERATE, "Prove on a running stack that nothing is lost."
    ),
}
"""Name -> command; a new one is one more line."""

_SERVICES = {"ingest", "streams", "projector", "indexer", "webhooks", "notifier", "api"}


def main() -> None:
    """Entry point of `roomlog`."""
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name in _SERVICES:
        # No option to parse: a service starts sooner without the parser. And what imports make lives to the
        # end: looking through it for garbage again and again is a fifth of their time.
        gc.disable()
        service = _load(name)
        gc.freeze()
        gc.enable()
        service()
        return
    _group()(prog_name="roomlog")


def _load(name: str) -> Any:
    module, _, attribute = COMMANDS[name].target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _group() -> Any:
    from roomlog.commands import lazy

    return lazy.group(
        "Roomlog: a chat platform whose source of truth is a Kafka log.",
        {name: (command.panel, command.help) for name, command in COMMANDS.items()},
        _load,
    )


if __name__ == "__main__":
    main()
