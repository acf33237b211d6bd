"""Dashboards into the JSON that Grafana reads."""

from pathlib import Path

from grafana_foundation_sdk.builders import common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    GraphTresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
)
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    Threshold,
    ThresholdsMode,
)

from infra.grafana.pages import PAGES
from infra.grafana.parts import Dashboard, Panel, Query

FOLDER = Path(__file__).parent / "dashboards"
_AS_A_LINE = GraphTresholdsStyleMode.DASHED
_SOURCE = DataSourceRef("prometheus", "${datasource}")
_WIDTH = 24
_HEIGHT, _NUMBER_HEIGHT = 8, 4


def texts() -> dict[str, str]:
    """Return the files of all dashboards: name to content."""
    return {f"{found.name}.json": _text(found) for found in PAGES}


def _text(wanted: Dashboard) -> str:
    return JSONEncoder(sort_keys=True, indent=1).encode(_page(wanted).build()) + "\n"


def _page(wanted: Dashboard) -> grafana.Dashboard:
    source = grafana.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    page = (
        grafana.Dashboard(wanted.title)
        .uid(f"roomlog-{wanted.name}")
        .description(wanted.about)
        .tags(["roomlog"])
        .refresh("30s")
        .time("now-1h", "now")
        .with_variable(source)
    )
    for row in wanted.rows:
        page.with_row(grafana.Row(row.title))
        for panel in row.panels:
            width = _WIDTH // min(len(row.panels), 4 if panel.is_number else 3)
            page.with_panel(_panel(panel, width))
    return page


def _panel(wanted: Panel, width: int) -> "stat.Panel | timeseries.Panel":
    made: stat.Panel | timeseries.Panel
    if wanted.is_number:
        last = common.ReduceDataOptions().calcs(["lastNotNull"])
        made = stat.Panel().height(_NUMBER_HEIGHT).reduce_options(last)
    else:
        legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST)
        legend = legend.placement(LegendPlacement.BOTTOM).show_legend(True)
        made = timeseries.Panel().height(_HEIGHT).legend(legend).fill_opacity(8).min(0)
    made.title(wanted.title).span(width).datasource(_SOURCE)
    made.unit("short" if wanted.unit == "cores" else wanted.unit)
    if wanted.about:
        made.description(wanted.about)
    if wanted.alarm is not None:
        made.thresholds(_thresholds(wanted.alarm))
        if isinstance(made, timeseries.Panel):
            made.thresholds_style(common.GraphThresholdsStyleConfig().mode(_AS_A_LINE))
    for number, query in enumerate(wanted.queries):
        made.with_target(_target(query, chr(ord("A") + number)))
    return made


def _thresholds(alarm: float) -> grafana.ThresholdsConfig:
    steps = [Threshold(color="green", value=None), Threshold(color="red", value=alarm)]
    return grafana.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _target(query: Query, letter: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(letter)
