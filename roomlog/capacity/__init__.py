"""Capacity: how many of what a load needs, from figures that were measured. `roomlog plan` prints it."""
