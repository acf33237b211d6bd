"""Previews of links: fetched with care, kept in Valkey, their images served by ourselves."""
