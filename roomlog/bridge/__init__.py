"""Imports: chats that were recorded elsewhere, played in through the ingest nodes as their senders."""
