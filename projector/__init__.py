"""The log into PostgreSQL, each event once."""
