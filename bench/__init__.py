"""What the platform costs and how fast it is, measured on stacks of the benchmark's own."""
