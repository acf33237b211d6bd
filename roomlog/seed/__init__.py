"""Demo content: people who can sign in, a few rooms, and what they said (our own text)."""
