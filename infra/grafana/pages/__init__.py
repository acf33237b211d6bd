"""The dashboards, one module each."""

from infra.grafana.pages import ingest, kafka, projector, slo, streams, users

PAGES = (users.PAGE, ingest.PAGE, streams.PAGE, projector.PAGE, kafka.PAGE, slo.PAGE)
