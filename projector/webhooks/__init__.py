"""Webhooks: events of the log sent to other systems, behind the projector."""
