"""What the projector and the readers of its tables agree on."""

from typing import LiteralString

WANTED_CHANNEL: LiteralString = "projection_wanted"
"""PostgreSQL channel on which readers tell projectors that they wait for what was just written."""
