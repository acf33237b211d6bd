"""Load tests with Locust: named scenarios, each with criteria that it passes or fails (docs/loadtest.md)."""
