"""For analysts: any range of the log, to files or to the terminal. Reads Kafka and nothing else."""
