"""Streams: Faust workers that tell each node what concerns it, and everybody who is where."""
