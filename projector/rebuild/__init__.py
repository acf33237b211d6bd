"""`roomlog rebuild`: the read models made again from the log, beside the live ones, which they then replace."""
