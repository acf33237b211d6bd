"""What Prometheus scrapes, records and warns of."""
