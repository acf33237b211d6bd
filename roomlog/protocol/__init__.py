"""The WebSocket protocol `roomlog.v1.json`: commands in, frames out.

A text frame carries JSON objects, one per line. Every command has an `id` chosen by the client, echoed in
exactly one `ack` or `error`. Unknown fields of a command are refused by name; clients ignore unknown ones.
"""
