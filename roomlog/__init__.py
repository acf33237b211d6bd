"""The shared core of Roomlog: what every stage agrees on, and the tools around it.

The stages (`ingest`, `streams`, `projector`, `api`) never import each other. They meet here, in
`schemas/` (bytes on Kafka), and in the tables of PostgreSQL.
"""
