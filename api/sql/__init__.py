"""Every SQL statement of the API, by subject; parameters are named."""
