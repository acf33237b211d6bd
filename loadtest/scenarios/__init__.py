"""One Locust file a scenario: its shape, its users, its criteria."""
