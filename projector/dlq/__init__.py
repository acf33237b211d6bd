"""`roomlog dlq`: dead letters, and what operators do about them."""
