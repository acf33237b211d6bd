"""The ingest nodes: WebSockets in, the log, and what is new in it out to the sockets."""
