"""The projector's commands for operators, as `roomlog.cli` finds them."""
