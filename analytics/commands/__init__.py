"""The analysts' commands, as `roomlog.cli` finds them."""
