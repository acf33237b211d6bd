"""A chat client for the terminal, also for pipes: lines in, lines out."""
