"""The figures that the model rests on: `measured.yaml`, each with its unit and where it comes from."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from roomlog.capacity.errors import BadPlan

FILE = Path(__file__).with_name("measured.yaml")
ASSUMED = "assumed"
_HEADER = """\
# What `roomlog plan` calculates with. Written by `python -m bench.capacity RESULTS`, which takes from the
# results of `make bench` every value whose `source` is `ROW.FIGURE[.SERVICE]`; a change by hand stays where
# the source is "assumed".
#
# provisional   not from a run yet: a goal, or what an earlier measurement in docs/decisions says
"""


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value: `source` is the figure of `python -m bench` (`ROW.FIGURE[.SERVICE]`), or "assumed"."""

    value: float
    unit: str
    source: str
    means: str
    provisional: bool = False


class Machine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the figures were taken: its cores, and in words when and how."""

    cores: int
    taken: str


class Figures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All figures by name. Times are microseconds of processor time, sizes bytes unless the name says else."""

    ingest_command_us: Figure
    ingest_across_us: Figure
    delivery_us: Figure
    streams_us: Figure
    projector_us: Figure
    postgres_us: Figure
    indexer_us: Figure
    index_postgres_us: Figure
    webhook_us: Figure
    webhook_postgres_us: Figure
    push_us: Figure
    push_postgres_us: Figure
    kafka_us: Figure
    kafka_lone_us: Figure
    valkey_us: Figure
    valkey_lone_us: Figure
    connection_kib: Figure
    acked_per_s: Figure
    delivered_per_s: Figure
    connections_per_node: Figure
    text_bytes: Figure
    record_bytes: Figure
    record_zstd_bytes: Figure
    frame_bytes: Figure
    frame_deflated_bytes: Figure
    key_bytes: Figure
    row_bytes: Figure
    index_bytes: Figure
    search_bytes: Figure
    wal_bytes: Figure
    api_us: Figure
    postgres_read_us: Figure
    answer_bytes: Figure
    command_overhead_bytes: Figure
    ack_bytes: Figure
    packet_bytes: Figure
    kafka_follower_share: Figure
    lane_ms: Figure
    turns_per_s: Figure
    process_mib: Figure
    broker_cores: Figure
    broker_memory_gib: Figure
    broker_disk_mib_s: Figure
    broker_network_mib_s: Figure
    broker_replicas: Figure
    postgres_cores_most: Figure
    postgres_wal_mib_s_most: Figure
    valkey_memory_gib_most: Figure

    def __getitem__(self, name: str) -> float:
        """Return a figure's value."""
        return float(getattr(self, name).value)


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    machine: Machine
    figures: Figures

    @property
    def is_provisional(self) -> bool:
        """Whether some figure is not from a run yet."""
        return any(f.provisional for f in self.each().values())

    def each(self) -> dict[str, Figure]:
        """Return the figures by name, in their order."""
        return {name: getattr(self.figures, name) for name in self.figures.__struct_fields__}


def load(path: Path = FILE) -> Measured:
    """Read the figures; raises BadPlan, which names the file and what is wrong in it."""
    try:
        found = msgspec.yaml.decode(path.read_bytes(), type=Measured)
    except (OSError, msgspec.DecodeError) as error:
        raise BadPlan(f"cannot read the figures in {path}: {error}") from error
    for name, figure in found.each().items():
        if not (math.isfinite(figure.value) and figure.value > 0):
            raise BadPlan(f"{path}: {name} is {figure.value}; it has to be above 0")
    return found


def refreshed(old: Measured, results: Mapping[str, Any], machine: Machine) -> Measured:
    """Return the figures with every value that the results of `python -m bench` have.

    `results` is row -> figure -> value, or for `stages` service -> value. Rows that were not run leave
    their figures as they are. Raises BadPlan where a row is there and a figure of it is not.
    """
    new = {name: _refreshed(name, figure, results) for name, figure in old.each().items()}
    return Measured(machine, Figures(**new))


def _refreshed(name: str, figure: Figure, results: Mapping[str, Any]) -> Figure:
    row, *path = figure.source.split(".")
    if figure.source == ASSUMED or row not in results:
        return figure
    found: Any = results[row]
    for step in path:
        if not isinstance(found, Mapping) or step not in found:
            raise BadPlan(f"the results have no {figure.source}, which {name} is taken from")
        found = found[step]
    if not isinstance(found, int | float) or isinstance(found, bool):
        raise BadPlan(f"{figure.source} in the results is no number: {found!r}")
    # What took too little time to be seen is not free: the clock of processor time ticks in 10 ms.
    return msgspec.structs.replace(figure, value=max(found, 0.01), provisional=False)


def as_yaml(measured: Measured) -> str:
    """Return the file's text."""
    lines = [_HEADER.rstrip(), "machine:", f"  cores: {measured.machine.cores}"]
    lines += [f"  taken: {_quoted(measured.machine.taken)}", "figures:"]
    for name, figure in measured.each().items():
        lines += [f"  {name}:", f"    value: {figure.value:.10g}", f"    unit: {figure.unit}"]
        lines += [f"    source: {figure.source}", f"    means: {_quoted(figure.means)}"]
        if figure.provisional:
            lines.append("    provisional: true")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
