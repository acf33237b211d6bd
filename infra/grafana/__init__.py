"""Grafana: dashboards made from `pages`, and where Grafana finds them."""
