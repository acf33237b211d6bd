"""What `roomlog plan` refuses."""


class BadPlan(ValueError):
    """A load, a file of figures or a file of prices that makes no sense; the message says what to change."""
