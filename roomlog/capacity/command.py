"""`roomlog plan`: how many of what a load needs, what that costs, and where the figures come from."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table as Shown

from roomlog import topics
from roomlog.capacity import measured, prices, tables
from roomlog.capacity.errors import BadPlan
from roomlog.capacity.limits import Warned
from roomlog.capacity.model import Plan
from roomlog.capacity.model import plan as make
from roomlog.capacity.workload import PHASES, Workload, checked
from roomlog.commands.output import markdown, wide_console

_D = Workload(1, 1)
Found = dict[str, tuple[Plan, prices.Bill]]


def plan(
    users: Annotated[int | None, typer.Option(help="Users in all.")] = None,
    rate: Annotated[float | None, typer.Option(help="Messages a second at the peak.")] = None,
    online: Annotated[float, typer.Option(help="Share of the users connected.")] = _D.online,
    fanout: Annotated[
        float, typer.Option(help="Followers online who get a message, its sender included.")
    ] = _D.fanout,
    text: Annotated[float, typer.Option(help="Bytes of a message's text.")] = _D.text_bytes,
    reads: Annotated[
        float, typer.Option(help="REST requests a minute of each who is online.")
    ] = _D.reads_per_minute,
    webhooks: Annotated[
        float, typer.Option(help="Webhooks sent for a message, in the mean.")
    ] = _D.webhooks,
    pushes: Annotated[
        float, typer.Option(help="Web pushes sent for a message, in the mean.")
    ] = _D.pushes,
    peak: Annotated[float, typer.Option(help="Peak rate by mean rate.")] = _D.peak_to_mean,
    deflated: Annotated[
        float, typer.Option(help="Share of the connections that are compressed.")
    ] = _D.deflated,
    growth: Annotated[
        float, typer.Option(help="How much the load may grow in this epoch of the log.")
    ] = _D.growth,
    partitions: Annotated[
        int, typer.Option(help="Partitions of the log that exists; 0: to be chosen.")
    ] = _D.partitions,
    days: Annotated[float, typer.Option(help="Days for which disks are large enough.")] = _D.days,
    utilisation: Annotated[
        float, typer.Option(help="Share of a core, disk or network used at the peak.")
    ] = _D.utilisation,
    spare: Annotated[int, typer.Option(help="How many of each kind may be away.")] = _D.spare,
    connections_per_node: Annotated[
        int, typer.Option(help="Connections of one node at most; 0: as many as were measured.")
    ] = _D.connections_per_node,
    phases: Annotated[bool, typer.Option("--phases", help=f"Plan {', '.join(PHASES)}.")] = False,
    carries: Annotated[
        bool, typer.Option("--carries", help="Print what one process of each kind carries.")
    ] = False,
    figures: Annotated[
        bool, typer.Option("--figures", help="Print the figures that all rests on.")
    ] = False,
    figures_file: Annotated[
        Path, typer.Option("--measured", help="Figures to calculate with.", show_default=False)
    ] = measured.FILE,
    prices_file: Annotated[
        Path, typer.Option("--prices", help="Your prices.", show_default=False)
    ] = prices.FILE,
    print_prices: Annotated[
        bool, typer.Option("--print-prices", help="Print the example prices, to be edited.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="As in docs/capacity.md.")
    ] = False,
) -> None:
    """Print how many of what a load needs at its peak, and what that costs.

    Arithmetic on measured figures, not a promise: it says where it leaves what was measured or what is
    built. docs/capacity.md tells how it is calculated.
    """
    try:
        if print_prices:
            sys.stdout.write(prices.FILE.read_text())
            return
        known = measured.load(figures_file)
        if figures:
            _show([tables.figures(known)], as_markdown)
            return
        options = {
            "online": online,
            "fanout": fanout,
            "text_bytes": text,
            "reads_per_minute": reads,
            "webhooks": webhooks,
            "pushes": pushes,
            "peak_to_mean": peak,
            "deflated": deflated,
            "growth": growth,
            "partitions": partitions,
            "days": days,
            "utilisation": utilisation,
            "spare": spare,
            "connections_per_node": connections_per_node,
        }
        if carries:
            one = checked(msgspec.structs.replace(PHASES["10k"], **options))
            _show([tables.carries(known, one.utilisation, one.fanout)], as_markdown)
            return
        loads = _loads(users, rate, phases, options)
        listed = prices.load(prices_file)
        plans = {name: make(load, known) for name, load in loads.items()}
        found = {name: (p, prices.bill(p, listed)) for name, p in plans.items()}
    except BadPlan as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(2) from None
    if as_json:
        sys.stdout.write(_json(found, phases) + "\n")
    else:
        _tell(found, as_markdown)


def _loads(
    users: int | None, rate: float | None, phases: bool, options: Mapping[str, float]
) -> dict[str, Workload]:
    if phases:
        if users is not None or rate is not None:
            raise BadPlan("--phases has its own users and rates: leave --users and --rate out")
        return {n: msgspec.structs.replace(load, **options) for n, load in PHASES.items()}
    if users is None or rate is None:
        raise BadPlan("say how many: --users N --rate MESSAGES_PER_SECOND, or --phases")
    return {"plan": Workload(users, rate, **options)}  # type: ignore[arg-type]


def _json(found: Found, phases: bool) -> str:
    whole = {
        name: {**msgspec.to_builtins(plan), "price": msgspec.to_builtins(bill)}
        for name, (plan, bill) in found.items()
    }
    return msgspec.json.format(msgspec.json.encode(whole if phases else whole["plan"])).decode()


def _tell(found: Found, as_markdown: bool) -> None:
    shown = [tables.plans(found), tables.hot_rooms(found)]
    if len(found) == 1:
        shown += [tables.bill(bill) for _, bill in found.values()]
    _show(shown, as_markdown)
    if as_markdown:
        return
    console = Console(soft_wrap=True, highlight=False)
    for line in _told(found):
        console.print(line, markup=False)
    console.print("Assumptions: `roomlog plan --figures`, and docs/capacity.md.", markup=False)


def _told(found: Found) -> list[str]:
    """Return one line for each thing to know, with the plans that it is about."""
    about: dict[Warned, list[str]] = {}
    for name, (plan, _) in found.items():
        for warned in [*plan.warnings, *_about_code(plan)]:
            about.setdefault(warned, []).append(name)
    lines = []
    for warned, names in about.items():
        where = f"{', '.join(names)}: " if len(found) > 1 else ""
        lines.append(f"{'not built' if warned.not_built else 'note'}: {where}{warned.text}.")
    return lines


def _about_code(plan: Plan) -> list[Warned]:
    """Return what has to be changed before the first event of the log is written."""
    here = next(t.partitions for t in topics.load() if t.name == topics.CHAT_EVENTS)
    if plan.kafka.partitions == here:
        return []
    text = (
        f"Roomlog comes with {here} partitions; for {plan.kafka.partitions} change infra/topics.yaml and "
        "roomlog/partitions.py alike, before a log begins"
    )
    return [Warned("partitions_in_code", text)]


def _show(shown: list[tables.Table], as_markdown: bool) -> None:
    if as_markdown:
        sys.stdout.write("\n\n".join(markdown(table.columns, table.rows) for table in shown) + "\n")
        return
    console = wide_console()
    for table in shown:
        view = Shown(title=table.title, title_justify="left", box=box.SIMPLE_HEAD)
        for place, column in enumerate(table.columns):
            number = place > 0 and all(row[place][:1] in "0123456789" for row in table.rows)
            view.add_column(column, justify="right" if number else "left", overflow="fold")
        for row in table.rows:
            view.add_row(*row)
        console.print(view, markup=False)
