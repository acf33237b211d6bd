"""Pictures of the results: processor time by stage."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from bench.goals import TITLES


def draw(results: dict[str, Any], directory: Path) -> None:
    """Write the plots that the results allow into a directory."""
    rows = {row: f["stages"] for row, f in results.items() if f.get("stages")}
    if rows:
        _stages(rows, directory / "cpu_by_stage.png")


def _stages(rows: dict[str, dict[str, float]], path: Path) -> None:
    kinds = sorted({kind for stages in rows.values() for kind in stages})
    figure, axes = plt.subplots(figsize=(10, 1 + 0.6 * len(rows)), layout="constrained")
    left = [0.0] * len(rows)
    names = [TITLES[row] for row in rows]
    for kind in kinds:
        widths = [stages.get(kind, 0.0) for stages in rows.values()]
        axes.barh(names, widths, left=left, label=kind)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("us of processor time a delivery or message, all servers")
    axes.legend(loc="lower right", fontsize="small")
    figure.savefig(path, dpi=120)
    plt.close(figure)
